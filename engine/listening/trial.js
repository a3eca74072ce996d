// One trial as it stands on the page. Everything shown is set as text, never as markup.
function element(tag, attributes, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null) made.setAttribute(name, value);
  }
  made.append(...inside);
  return made;
}

class Trial {
  constructor(trial, test, answers) {
    this.trial = trial;
    this.test = test;
    this.answers = answers;
    this.players = new Map(); // letter to player
    this.addresses = [];
    this.unplayed = new Set();
    this.wasAnswered = isAnswered(trial, test, answers);
    this.fields = []; // what must be answered: its words and its first input
  }

  get versions() {
    const { kind, reference, a, b, stimuli } = this.trial;
    if (kind === "abx") return [["A", a], ["B", b], ["X", stimuli[0]]];
    const letters = stimuli.map((file, place) => [String.fromCharCode(65 + place), file]);
    return [...(reference ? [["R", reference]] : []), ...letters];
  }

  show(place) {
    const { clip, text, kind } = this.trial;
    const versions = element("div", { class: "versions", "data-clip": "", role: "group", "aria-label": "Versions" });
    for (const [letter, file] of this.versions) versions.append(this.version(letter, file));
    place.append(element("p", { class: "faint" }, element("bdi", { dir: "auto" }, clip)));
    if (text) place.append(element("p", { class: "words", dir: "auto" }, text));
    if (kind === "rating") place.append(this.meanings());
    place.append(versions);
    if (kind === "abx") {
      const choices = [["a", "A"], ["b", "B"]];
      versions.append(element("figure", {}, this.question(this.trial.stimuli[0], "abx", "X is", choices)));
    }
  }

  meanings() {
    const list = element("ul", { class: "meanings" });
    for (const [scale, meaning] of this.test.scales) list.append(element("li", {}, `${scale}: ${meaning}`));
    return list;
  }

  version(letter, file) {
    const called = letter === "R" ? "the reference" : `version ${letter}`;
    const button = element("button", { type: "button", class: "version", "aria-pressed": "false", "aria-keyshortcuts": letter, disabled: "" },
      element("kbd", {}, letter), element("span", {}, `Play ${called}`));
    const player = element("audio", { "aria-label": called, preload: "auto" });
    const figure = element("figure", { class: letter === "R" ? "reference" : "rated" }, element("figcaption", {}, button), player);
    this.players.set(letter, player);
    this.unplayed.add(letter);
    player.addEventListener("play", () => this.unplayed.delete(letter));
    this.load(player, button, letter, file);
    if (this.trial.kind === "rating" && letter !== "R") {
      const values = Array.from({ length: 10 }, (_, place) => [place + 1, String(place + 1)]);
      for (const [scale] of this.test.scales) {
        figure.append(this.question(file, scale, scale, values, ` of ${letter}`));
      }
      figure.append(element("div", { class: "ends", "aria-hidden": "true" }, element("span", {}, "1: bad"), element("span", {}, "10: excellent")));
    }
    return figure;
  }

  // A file is loaded whole: a switch between versions then waits for nothing, on any server.
  async load(player, button, letter, file) {
    const address = `audio/${file}.wav`;
    const answer = await fetch(address).catch(() => null);
    player.addEventListener("error", () => {
      this.unplayed.delete(letter);
      button.querySelector("span").textContent = `Version ${letter} cannot be loaded`;
    });
    player.addEventListener("loadedmetadata", () => { button.disabled = false; }, { once: true });
    player.src = answer?.ok ? this.addressOf(await answer.blob()) : address;
  }

  addressOf(blob) {
    this.addresses.push(URL.createObjectURL(blob));
    return this.addresses.at(-1);
  }

  question(file, scale, words, values, of = "") {
    const { id } = this.trial;
    const begun = words.charAt(0).toUpperCase() + words.slice(1);
    const legend = element("legend", {}, begun, element("span", { class: "unseen" }, of));
    const row = element("div", { class: values.length === 2 ? "values two" : "values" });
    for (const [value, shown] of values) {
      const input = element("input", { type: "radio", name: `${file} ${scale}`, value });
      input.checked = this.answers.value(id, file, scale) === value;
      input.addEventListener("change", () => this.answers.set(id, file, scale, value));
      row.append(element("label", {}, input, element("span", {}, shown)));
    }
    this.fields.push({ file, scale, words: words + of, first: row.querySelector("input") });
    return element("fieldset", {}, legend, row);
  }

  // What is still open, in words, and where to go for it; null where all was played and answered.
  open() {
    const { id } = this.trial;
    const open = this.fields.filter(({ file, scale }) => this.answers.value(id, file, scale) === undefined);
    const unplayed = this.wasAnswered ? [] : [...this.unplayed];
    if (!open.length && !unplayed.length) return null;
    const named = open.length > 3 ? `${open.length} answers` : open.map((one) => one.words).join(", ");
    const words = [unplayed.length && `Not played: ${unplayed.join(", ")}.`, open.length && `Open: ${named}.`];
    const button = () => this.players.get(unplayed[0]).closest("figure").querySelector(".version");
    return { words: words.filter(Boolean).join(" "), first: open[0]?.first ?? button() };
  }

  toggle(letter) {
    const player = this.players.get(letter);
    player?.closest("figure").querySelector(".version").click();
    return Boolean(player);
  }

  leave() {
    for (const player of this.players.values()) player.pause();
    for (const address of this.addresses) URL.revokeObjectURL(address);
  }
}

function isAnswered(trial, test, answers) {
  const scales = trial.kind === "abx" ? ["abx"] : test.scales.map(([scale]) => scale);
  return trial.stimuli.every((file) => scales.every((scale) => answers.value(trial.id, file, scale) !== undefined));
}
