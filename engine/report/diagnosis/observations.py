"""Observations of a run's figures, in words that do not depend on its system.

Each observation is a question with a few possible answers. None: the run does not say. A diagnosis
compares the answers of a run with those of recorded runs, so that every one must mean the same for
a codec and for a language model: ratios, signs and moments, never values in a metric's unit.
"""

import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence

from engine.report.diagnosis.figures import Figures

Answer = str | None

_MORE = re.compile(r"and (\d+) more")

_KINDS = (
    ("evaluation set", "evaluation set"),
    ("clips of a batch", "clips of a batch"),
    ("clips of dataset.", "evaluation set"),
    ("optimizer of ", "optimizer"),
    ("clipping of gradients of ", "clipping of gradients"),
    ("learning rate of", "learning rate"),
    ("can be learned", "loss of one batch"),
    ("computed again", "entry computed again"),
    ("gradients at the output of", "gradients at the output"),
    ("gradients at ", "gradients at the input"),
    ("input of ", "input of a discriminator"),
    ("verdicts of ", "verdicts of a discriminator"),
    ("rounding of updates of ", "rounding of updates"),
    ("size of updates of ", "size of updates"),
    ("ratio of updates of ", "ratio of updates"),
    ("weights of ", "weights of a turn"),
    ("weight of ", "weight of a term"),
    ("scale of ", "scale"),
    ("sound of transcripts", "sound of transcripts"),
    ("sound of ", "sound"),
    ("variety of ", "variety"),
)
"""Words in the names of checks that name an entry, a turn or a term besides; others count whole."""
_SAID = (
    ("makes it worse", "it gets worse"),
    ("changed too little", "nothing changes"),
    ("not finite", "not finite"),
    ("NaN or infinity", "not finite"),
    ("exactly zero", "exactly zero"),
    ("far below", "far too small"),
    ("far above", "far too large"),
    ("not connected", "no effect"),
    ("is empty", "empty"),
    ("the same in", "always the same"),
    ("outlasts the run", "a warm-up without an end"),
    ("is negative", "negative"),
)
"""What the sentence of a failed check says, in words that name nothing of the system."""


def observe(figures: Figures) -> dict[str, str]:
    """The answers of a run, by question."""
    answers = {name: question(figures) for name, question in QUESTIONS.items()}
    return {name: answer for name, answer in answers.items() if answer is not None}


def failed_check(figures: Figures) -> Answer:
    """Which check failed first."""
    if not figures.history.checks:
        return None
    failed = [check for check in figures.history.checks if check["ok"] is False]
    if not failed:
        return "none"
    detail = str(failed[0].get("detail", ""))
    said = next((f": {words}" for pattern, words in _SAID if pattern in detail), "")
    return kind_of_check(failed[0]["name"]) + said


def num_failed(figures: Figures) -> Answer:
    """How many checks failed."""
    failed = sum(check["ok"] is False for check in figures.history.checks)
    return "several" if failed > 1 else "one" if failed else None


def tensors(figures: Figures) -> Answer:
    """How many tensors get no gradient, by the sentence of that check."""
    checks = {check["name"]: check for check in figures.history.checks}
    check = checks.get("gradients")
    if check is None or check["ok"] is not False:
        return None
    more = _MORE.search(check["detail"])
    number = 3 + int(more[1]) if more else check["detail"].count(",") + 1
    return "one or two" if number < 3 else "some" if number < 12 else "many"


def undecided_check(figures: Figures) -> Answer:
    """Which check stayed undecided."""
    if not figures.history.checks:
        return None
    undecided = (check["name"] for check in figures.history.checks if check["ok"] is None)
    return kind_of_check(next(undecided, "none"))


def guard(figures: Figures) -> Answer:
    """Which guard was violated first: the last part of its metric's name."""
    spoken = figures.history.all("guard")
    if not spoken:
        return "none" if figures.history.all("train") else None
    facts = spoken[0].facts
    return "not finite" if facts["value"] is None else str(facts["name"]).rpartition("/")[2]


def ending(figures: Figures) -> Answer:
    """How the run ended."""
    event = figures.history.ending
    return None if event is None else str(event.facts.get("reason", event.kind))


def first_finding(figures: Figures) -> Answer:
    """When a check or a guard first found something."""
    guards = figures.history.all("guard")
    preflight = figures.history.all("preflight")
    wrong = [e for e in preflight if any(one["ok"] is False for one in e.facts["checks"])]
    steps = [event.step for event in (*guards, *wrong)]
    if not steps:
        return "never" if preflight else None
    return "before step 1" if min(steps) == 0 else "while training"


def expectations(figures: Figures) -> Answer:
    """Whether the recipe's expectations were met."""
    found = [one["met"] for one in figures.history.facts("finish").get("expectations", ())]
    if not any(met is not None for met in found):
        return None
    return "missed" if False in found else "met"


def beside_baselines(figures: Figures) -> Answer:
    """Whether the result is better than what needs no training."""
    found = figures.history.facts("finish").get("baselines") or ()
    outcomes = {one["outcome"] for one in found}
    if not outcomes:
        return None
    if outcomes == {"better"}:
        return "better than all"
    return "worse than all" if outcomes == {"worse"} else "not better than all"


def training_loss(figures: Figures) -> Answer:
    """Where the training loss went from its first to its last figure."""
    return change(figures.loss)


def late_training_loss(figures: Figures) -> Answer:
    """Where the training loss went in the second half."""
    return change(figures.loss[len(figures.loss) // 2 :])


def loss_jumps(figures: Figures) -> Answer:
    """Whether the training loss jumped from one figure to the next."""
    loss = figures.loss
    if len(loss) < 4 or min(loss) <= 0.0:
        return None
    most = max(after / before for before, after in itertools.pairwise(loss))
    return "tenfold" if most > 10 else "double" if most > 2 else "no"


def evaluation(figures: Figures) -> Answer:
    """Where the best metric went from the initial weights to the best ones."""
    values = [*figures.initial, *figures.evaluations]
    if len(values) < 2:
        return None
    if all(value == values[0] for value in values):
        return "exactly the same"
    gain = (values[0] - min(values[1:])) / (abs(values[0]) or 1.0)
    if gain <= 0.0:
        return "worse"
    return "hardly better" if gain < 0.05 else "better" if gain < 0.5 else "far better"


def best_moment(figures: Figures) -> Answer:
    """Which evaluation was the best."""
    values = [*figures.initial, *figures.evaluations]
    if len(values) < 3:
        return None
    place = values.index(min(values))
    return "the first" if place == 0 else "the last" if place == len(values) - 1 else "between"


def beside_training(figures: Figures) -> Answer:
    """Whether evaluation and training went the same way."""
    trained, evaluated = change(figures.loss), change(figures.evaluations)
    if trained is None or evaluated is None:
        return None
    if trained.startswith("falls") and evaluated == "rises":
        return "training falls, evaluation rises"
    if trained == "rises" and evaluated.startswith("falls"):
        return "training rises, evaluation falls"
    return "the same way"


def gradient(figures: Figures) -> Answer:
    """The size of the main turn's gradient: zero, vanishing, steady or growing."""
    norms = figures.curve(f"train/gradient_norm/{figures.main_turn}")
    if not norms:
        return None
    if max(norms) == 0.0:
        return "zero"
    ratio = norms[-1] / (norms[0] or math.nan)
    return "vanishes" if ratio < 0.02 else "grows" if ratio > 5 else "steady"


def gradient_spikes(figures: Figures) -> Answer:
    """Whether some gradients were far larger than most."""
    norms = sorted(figures.curve(f"train/gradient_norm/{figures.main_turn}"))
    if len(norms) < 4 or norms[len(norms) // 2] <= 0.0:
        return None
    most = norms[-1] / norms[len(norms) // 2]
    return "hundredfold" if most > 100 else "tenfold" if most > 10 else "no"


def gradient_is_finite(figures: Figures) -> Answer:
    """Whether every gradient norm was a number."""
    values = [v for turn in figures.turns for v in figures.raw(f"train/gradient_norm/{turn}")]
    return None if not values else "not always" if None in values else "always"


def discriminator(figures: Figures) -> Answer:
    """What the discriminators do: they guess, they learn, they win, or they have no share."""
    ratio = figures.latest("discriminator/loss_over_chance")
    if ratio is None:
        return None
    return "guesses" if ratio > 0.97 else "wins" if ratio < 0.3 else "learns"


def learning_rate(figures: Figures) -> Answer:
    """The decade of the main turn's largest learning rate."""
    rates = figures.curve(f"train/learning_rate/{figures.main_turn}")
    return f"1e{math.floor(math.log10(max(rates)))}" if rates and max(rates) > 0 else None


def conditioning(figures: Figures) -> Answer:
    """Whether a wrong voice or reference costs anything."""
    return _gain(figures.latest("increase_wrong_voice", "reference_gain"))


def text(figures: Figures) -> Answer:
    """Whether a wrong text costs anything."""
    return _gain(figures.latest("increase_wrong_text", "text_gain"))


def outputs(figures: Figures) -> Answer:
    """How loud outputs are beside originals."""
    ratio, silent = figures.latest("amplitude_ratio"), figures.latest("eval/silent_share")
    if silent is not None and silent > 0.5:
        return "silent"
    if ratio is None:
        return None if silent is None else "audible"
    return "silent" if ratio < 0.05 else "too loud" if ratio > 1.5 else "audible"


def codes(figures: Figures) -> Answer:
    """How many codes are used."""
    perplexity, dead = figures.latest("eval/perplexity"), figures.latest("dead_codes")
    if perplexity is None and dead is None:
        return None
    return "few" if (dead or 0) > 0.9 or (perplexity or 9) < 1.2 else "many"


def clips(figures: Figures) -> Answer:
    """Whether many files of the corpus were left out."""
    data = figures.history.facts("start").get("data") or {}
    if not data.get("found"):
        return None
    share = data["used"] / data["found"]
    return "few used" if share < 0.5 else "some left out" if share < 0.98 else "all used"


def split(figures: Figures) -> Answer:
    """Whether evaluation shares speakers or audio with training."""
    data = figures.history.facts("start").get("data") or {}
    return "shared" if data.get("leaks") or data.get("learned_from") else "apart" if data else None


def change(values: Sequence[float]) -> Answer:
    """Where a curve went, by its first and last figure."""
    if len(values) < 2:
        return None
    first, last = values[0], values[-1]
    if all(value == first for value in values):
        return "exactly the same"
    moved = (last - first) / (abs(first) or 1.0)
    if moved > 0.02:
        return "rises"
    return "stays" if moved > -0.02 else "falls a little" if moved > -0.3 else "falls"


def kind_of_check(name: str) -> str:
    """A check without the entry, the turn or the term that its name has."""
    if kind := next((kind for words, kind in _KINDS if words in name), None):
        return kind
    is_of_an_entry = name.startswith(("input ", "conditioning ", "labels of "))
    return name.partition(" ")[0] if is_of_an_entry else name


def _gain(value: float | None) -> Answer:
    return None if value is None else "nothing" if value < 0.01 else "something"


QUESTIONS: Mapping[str, Callable[[Figures], Answer]] = {
    "failed check": failed_check,
    "failed checks": num_failed,
    "tensors without a gradient": tensors,
    "undecided check": undecided_check,
    "guard": guard,
    "ending": ending,
    "first finding": first_finding,
    "expectations": expectations,
    "beside baselines": beside_baselines,
    "training loss": training_loss,
    "late training loss": late_training_loss,
    "jumps of the training loss": loss_jumps,
    "evaluation": evaluation,
    "best evaluation": best_moment,
    "training and evaluation": beside_training,
    "gradient": gradient,
    "spikes of the gradient": gradient_spikes,
    "finite gradients": gradient_is_finite,
    "discriminator": discriminator,
    "learning rate": learning_rate,
    "cost of a wrong voice": conditioning,
    "cost of a wrong text": text,
    "outputs": outputs,
    "codes": codes,
    "clips": clips,
    "split": split,
}
"""Every observation by its name."""
