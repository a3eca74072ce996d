// One listener's answers: in this browser's storage at once, and at the server where there is one.
const MOST_AT_ONCE = 200; // the server takes 256 KiB: more at once would be refused for ever

class KeptAnswers {
  static prefix(test) {
    return `cantus-listening/${test.test}/`;
  }

  // Listeners who answered this test in this browser: id and name.
  static known(test) {
    try {
      const keys = Object.keys(localStorage).filter((key) => key.startsWith(KeptAnswers.prefix(test)));
      return keys.map((key) => [key.slice(KeptAnswers.prefix(test).length), JSON.parse(localStorage[key]).name]);
    } catch {
      return [];
    }
  }

  constructor(test, listener, say) {
    this.test = test;
    this.listener = listener;
    this.say = say;
    this.key = KeptAnswers.prefix(test) + listener;
    this.name = "";
    this.given = new Map(); // trial, stimulus and scale, to the value
    this.unsent = new Map();
    this.sending = false;
    this.read();
  }

  read() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.key) ?? "{}");
      this.name = kept.name ?? "";
      this.given = new Map(kept.given ?? []);
      this.unsent = new Map(kept.unsent ?? []);
    } catch {
      this.say("The answers stored in this browser cannot be read.", true);
    }
  }

  keep() {
    const kept = { name: this.name, given: [...this.given], unsent: [...this.unsent] };
    try {
      localStorage.setItem(this.key, JSON.stringify(kept));
      return true;
    } catch {
      return false;
    }
  }

  // What the server has of this listener: a browser without stored answers continues from there.
  async fetchSaved() {
    if (!this.test.server) return;
    const answer = await fetch(`answers/${this.listener}`).catch(() => null);
    if (!answer?.ok) {
      this.say("The server does not answer: start `cantus listen` again.", true);
      return;
    }
    for (const [trial, stimulus, scale, value] of await answer.json()) {
      const question = [trial, stimulus, scale].join(" ");
      if (!this.unsent.has(question)) this.given.set(question, value);
    }
    this.keep();
    await this.send();
  }

  value(trial, stimulus, scale) {
    return this.given.get([trial, stimulus, scale].join(" "));
  }

  set(trial, stimulus, scale, value) {
    const question = [trial, stimulus, scale].join(" ");
    this.given.set(question, value);
    if (this.test.server) this.unsent.set(question, value);
    const kept = this.keep();
    if (this.test.server) this.send();
    else if (kept) this.say("Saved in this browser.");
    else this.say("This browser cannot save anything: download your answers before you close the page.", true);
  }

  // Answers as the server and `cantus listen --collect` take them.
  asAnswers(given) {
    const { version, test } = this.test;
    return [...given].map(([question, value]) => {
      const [trial, stimulus, scale] = question.split(" ");
      return { version, test, listener: this.listener, name: this.name, trial, stimulus, scale, value };
    });
  }

  asFile() {
    const { version, test } = this.test;
    return JSON.stringify({ version, test, answers: this.asAnswers(this.given) }, null, 1);
  }

  async send() {
    if (this.sending || !this.unsent.size) return;
    this.sending = true;
    const sent = [...this.unsent].slice(0, MOST_AT_ONCE);
    const body = JSON.stringify(this.asAnswers(sent));
    const answer = await fetch("answers", { method: "POST", body }).catch(() => null);
    this.sending = false;
    if (answer?.ok) {
      for (const [question, value] of sent) {
        if (this.unsent.get(question) === value) this.unsent.delete(question);
      }
      this.keep();
      this.say("Saved.");
      if (this.unsent.size) await this.send();
      return;
    }
    const why = answer ? await answer.json().catch(() => "") : "the server does not answer";
    this.say(`Not saved yet (${why || "no reason given"}); this page will try again.`, true);
    setTimeout(() => this.send(), 3000);
  }
}
