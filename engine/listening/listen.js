// The listening test from welcome to thanks. The address ends with the listener's id: opened again,
// the page continues where it was left.
(() => {
  const test = JSON.parse(document.getElementById("test").textContent);
  const page = document.getElementById("page");
  const status = document.getElementById("status");
  let answers = null;
  let trials = [];
  let shown = null; // the trial on the page

  function say(words, isOpen = false) {
    status.textContent = words;
    status.classList.toggle("open", isOpen);
  }

  function turnTo(title, className) {
    shown?.leave();
    shown = null;
    if (!answers?.unsent.size) say("");
    const heading = element("h1", { tabindex: "-1" }, title);
    const section = element("div", { class: className }, heading);
    const isFirst = !page.querySelector("h1");
    page.replaceChildren(section);
    window.scrollTo(0, 0);
    if (!isFirst) heading.focus();
    return section;
  }

  function button(words, act, className = "act") {
    const made = element("button", { type: "button", class: className }, words);
    made.addEventListener("click", act);
    return made;
  }

  function welcome() {
    const section = turnTo("Listening test", "welcome");
    const { ratings, comparisons } = test;
    const parts = [
      ratings.length && `rate the versions of ${ratings.length} ${ratings.length === 1 ? "clip" : "clips"} from 1 (bad) to 10 (excellent)`,
      comparisons.length && `say ${comparisons.length} times whether X is A or B`,
    ].filter(Boolean);
    section.append(
      element("p", {}, `You will ${parts.join(", then ")}. This page does not know which version is which.`),
      element("p", {}, "Use headphones in a quiet place. Set the volume with the first clip and leave it there. Every answer is saved at once: you can close the page at any time and open it again to continue."),
      element("p", { class: "keys" }, "Keys: ", element("kbd", {}, "A"), ", ", element("kbd", {}, "B"), ", ... play or pause a version, ", element("kbd", {}, "R"), " the reference; a version starts at the position of the one before. Tab goes from row to row; in a row a digit gives the rating (0 is 10)."),
    );
    const input = element("input", { class: "name", maxlength: "60", autocomplete: "off" });
    const label = element("label", {}, "Your name (optional)", input);
    const form = element("form", {}, label, element("div", { class: "row" }, element("button", { class: "act" }, "Start")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const bytes = crypto.getRandomValues(new Uint8Array(8));
      begin([...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(""), input.value);
    });
    section.append(form);
    const known = KeptAnswers.known(test);
    if (known.length) {
      const row = known.map(([id, name]) => button(`Continue as ${name || `listener ${id.slice(0, 4)}`}`, () => begin(id), "act quiet"));
      section.append(element("p", {}, "Answers in this browser:"), element("div", { class: "row" }, ...row));
    }
  }

  async function begin(listener, name) {
    history.replaceState(null, "", `#listener=${listener}`);
    answers = new KeptAnswers(test, listener, say);
    if (name !== undefined) answers.name = name;
    answers.keep();
    await answers.fetchSaved();
    trials = trialsFor(test, listener);
    goOn();
  }

  function goOn() {
    const next = trials.findIndex((trial) => !isAnswered(trial, test, answers));
    if (next < 0) thanks();
    else showTrial(next);
  }

  function showTrial(place) {
    const trial = trials[place];
    const title = trial.kind === "abx" ? "Is X the same as A or as B?" : "Rate each version";
    const section = turnTo(title, "trial");
    const done = trials.filter((one) => isAnswered(one, test, answers)).length;
    section.append(element("div", { class: "progress" },
      element("span", {}, `${place + 1} of ${trials.length}`),
      element("progress", { max: trials.length, value: done, "aria-label": "Trials answered" })));
    shown = new Trial(trial, test, answers);
    shown.show(section);
    const forward = () => {
      const open = shown.open();
      if (!open) return place + 1 < trials.length ? showTrial(place + 1) : goOn();
      say(open.words, true);
      open.first.focus();
      return undefined;
    };
    const row = element("div", { class: "row" });
    if (place > 0) row.append(button("Back", () => showTrial(place - 1), "act quiet"));
    row.append(button("Next", forward));
    section.append(row);
  }

  function thanks() {
    const section = turnTo("Thank you", "thanks");
    const row = element("div", { class: "row" }, button("Change an answer", () => showTrial(trials.length - 1), "act quiet"));
    if (test.server) {
      section.append(element("p", {}, "All your answers are saved on the server. You can close this page."));
    } else {
      const file = new Blob([answers.asFile()], { type: "application/json" });
      const name = `listening_${test.test.slice(0, 6)}_${answers.listener.slice(0, 8)}.json`;
      section.append(element("p", {}, "Download your answers and send the file to whoever asked you to listen. They also stay in this browser."));
      row.prepend(element("a", { class: "act", href: URL.createObjectURL(file), download: name }, "Download the answers"));
    }
    section.append(row);
  }

  // Letters play a version wherever the focus is, but in the name; digits rate in a row of numbers.
  document.addEventListener("keydown", (event) => {
    if (!shown || event.ctrlKey || event.altKey || event.metaKey) return;
    const { target, key } = event;
    const isRadio = target.matches?.("input[type=radio]");
    if (/^[a-z]$/i.test(key) && shown.toggle(key.toUpperCase())) event.preventDefault();
    else if (isRadio && /^[0-9]$/.test(key)) {
      const wanted = key === "0" ? "10" : key;
      const found = [...target.closest(".values").querySelectorAll("input")].find((one) => one.value === wanted);
      found?.focus();
      found?.click();
      event.preventDefault();
    }
  });

  const listener = new URLSearchParams(location.hash.slice(1)).get("listener") ?? "";
  if (/^[0-9a-f]{8,64}$/.test(listener)) begin(listener);
  else welcome();
})();
