"""What a system proposes for a corpus of a certain size, and why. No torch.

A system that can size its recipes has a module `preset.py` beside its recipe class, with two
functions: `why_unusable(recipe, clip)` gives the reason, a phrase, why a recipe leaves a clip out
(None where it does not), and `propose(recipe, amount)` gives the values, each with its reason. It
raises UserError where the recipe cannot use the corpus, and says what would mend that. Where a
batch is not of clips, the module has `BATCH_OF_CLIPS = False`.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from engine.errors import UserError
from engine.evaluation.paired import FEW_CLIPS
from engine.recipe.judgement import Guard
from engine.recipe.plain import to_plain
from engine.recipe.schema import Recipe
from engine.split.columns import place

FEWEST_CLIPS = 10
"""With fewer, nothing can be held out that says anything."""
_MOST_EVALUATED = 300
_SHARE = 0.05
_LARGEST_SHARE = 0.2
_EVALUATIONS = 8
"""At least so many in a run, where it has as many steps."""
_WARMUP_SHARE = 0.05
_MUCH_WARMUP = 0.2


@frozen(kw_only=True)
class Sets:
    """What the split of training makes of the usable clips."""

    training: int
    evaluation: int
    """Clips that are evaluated on, at most `dataset.num_eval_clips`."""
    voices_held_out: int
    """Known speakers of whom no clip is for training."""


@frozen(kw_only=True)
class Amount:
    """The usable part of a corpus for a recipe."""

    corpus: str
    num_found: int
    num_clips: int
    """Usable ones, training and evaluation."""
    seconds: float
    """Seconds of the usable clips."""
    speakers: Mapping[str, int]
    """Usable clips of each known speaker."""
    languages: Mapping[str, int]
    """Usable clips by the language that they name; '' of those that name none."""
    num_texts: int
    """Different transcripts."""
    some_texts: tuple[str, ...]
    """A few of them, neither very short nor very long."""
    num_lower: int
    """Usable clips that were recorded below the rate that the recipe reads."""
    left_out: Mapping[str, int]
    """Clips that cannot be used, by the reason."""
    small: bool = False
    """Whether the recipe is a demo, whose length is what two CPU cores do in minutes."""
    sets: Sets | None = None
    """None before the clips are split, and where the evaluation set is not the recipe's own."""

    @property
    def num_training(self) -> int:
        """Clips for training; all usable ones before the clips are split."""
        return self.sets.training if self.sets else self.num_clips

    @property
    def minutes(self) -> float:
        """Minutes of usable audio."""
        return self.seconds / 60

    @property
    def hours(self) -> float:
        """Hours of usable audio."""
        return self.seconds / 3600

    @property
    def said(self) -> str:
        """The amount of audio in words."""
        if self.hours >= 1:
            return f"{self.hours:,.3g} hours"
        return f"{self.minutes:.3g} minutes"


@frozen
class Proposed:
    """A value for a key of the recipe, and why, in a sentence with its source."""

    key: str
    """Path of the key with dots; the last part may be a metric (`guard.eval/mel_ce`)."""
    value: Any
    because: str

    @property
    def path(self) -> tuple[str, ...]:
        """The key's parts."""
        return tuple(self.key.split("."))


def require_enough(recipe: Recipe, amount: Amount) -> None:
    """Raise UserError where hardly a clip can be used."""
    if amount.num_clips >= FEWEST_CLIPS:
        return
    why = "; ".join(f"{number:,} {what}" for what, number in amount.left_out.items())
    raise UserError(
        f"{recipe.name} can use {amount.num_clips} of the {amount.num_found:,} clips of corpus "
        f"{amount.corpus!r}, and needs {FEWEST_CLIPS} to train and to hold some out"
        f"{f' (left out: {why})' if why else ''}. Add recordings and run 'cantus ingest "
        f"{amount.corpus}'; one long recording is cut by segment = 'silence' in params.toml."
    )


def held_out(recipe: Recipe, amount: Amount) -> Iterator[Proposed]:
    """How many clips, or voices, are evaluated on."""
    clips = amount.num_clips
    by_voice = recipe.dataset.split == "speaker_disjoint" and len(amount.speakers) > 1
    share, why = _voices(amount) if by_voice else _clips(clips)
    most = recipe.dataset.num_eval_clips
    if clips * _LARGEST_SHARE > _MOST_EVALUATED:
        most = _MOST_EVALUATED
    yield Proposed("dataset.eval_share", share, why + _counts(amount.sets, most))
    if most == _MOST_EVALUATED:
        yield Proposed(
            "dataset.num_eval_clips",
            most,
            f"of the clips held out, at most {most} are evaluated on: more narrow an interval "
            "little and cost time at every evaluation",
        )


def _voices(amount: Amount) -> tuple[float, str]:
    """The share that holds out a tenth of the voices, at least two of more than three.

    The split holds out the voices whose names have the lowest hashes: of few voices a share may
    hold out many more than its part, so it is lowered until it does not.
    """
    voices = len(amount.speakers)
    wanted = max(2, round(voices * 0.1)) if voices > 3 else 1
    places = sorted(map(place, amount.speakers))
    share = min(wanted / voices, (places[wanted - 1] + places[wanted]) / 2)
    held = amount.sets.voices_held_out if amount.sets else wanted
    return math.floor(share * 1e4) / 1e4, (
        f"{held} of {voices} voices are held out whole, because results on voices of the training "
        "set do not show how new voices will sound (the split goes by a hash of their names)"
    )


def _clips(clips: int) -> tuple[float, str]:
    """The share that holds out enough clips for an interval, where there are enough."""
    wanted = min(max(FEW_CLIPS, _SHARE * clips), _LARGEST_SHARE * clips)
    why = (
        f"about {round(wanted)} of {clips:,} clips: with {FEW_CLIPS} an interval is of use "
        "(docs/evaluation.md#what-is-better)"
    )
    if wanted < FEW_CLIPS:
        why = (
            f"about {round(wanted)} of {clips:,} clips, a fifth; fewer than {FEW_CLIPS} show "
            "only large differences (docs/evaluation.md#what-is-better), and training needs "
            "the rest"
        )
    return round(wanted / clips, 4), why


def _counts(sets: Sets | None, most: int | None) -> str:
    """The clips of each set, in words; nothing where they are not known."""
    if sets is None:
        return ""
    limit = ", the most by num_eval_clips" if sets.evaluation == most else ""
    return f"; {sets.training:,} clips for training, {sets.evaluation:,} for evaluation{limit}"


def fitting_batch(wanted: int, recipe: Recipe, amount: Amount) -> int:
    """The batch, or as many of the training clips as there are, in the recipe's parts."""
    most, parts = min(wanted, amount.num_training), recipe.training.num_micro_batches
    return most if most < parts else most - most % parts


def capped(batch: int, wanted: int, why: str) -> str:
    """The reason for a batch, where training clips are too few for the one that was wanted."""
    return why if batch == wanted else f"there are too few training clips for {wanted}"


def length(recipe: Recipe, steps: int, because: str, amount: Amount) -> Iterator[Proposed]:
    """Steps, and what follows from them: how often is evaluated, warm-up, guards that wait.

    A demo keeps its own length, evaluations and guards where the proposal is longer: it is to end
    within minutes.
    """
    own = recipe.training.steps
    if amount.small and own is not None and own <= steps:
        because = f"the demo's own length, minutes on two cores; at full size {because}"
        yield Proposed("training.steps", own, because)
        return
    yield Proposed("training.steps", steps, because)
    every = _round(max(1, steps / _EVALUATIONS))
    yield Proposed(
        "training.evaluate_every",
        f"step:{every}",
        f"about {max(1, steps // every)} evaluations in the run; the more there are, the larger a "
        "gain must be to be called better (docs/evaluation.md#what-is-better)",
    )
    yield Proposed("training.checkpoint_every", f"step:{every}", "as often as it is evaluated")
    if recipe.training.keep_every is not None:
        yield Proposed(
            "training.keep_every", f"step:{3 * every}", "a few for later phases to start from"
        )
    yield from _warmups(recipe, steps)
    yield from _guards(recipe, every, steps)


def _warmups(recipe: Recipe, steps: int) -> Iterator[Proposed]:
    for turn, schedule in recipe.schedule.items():
        warmup = getattr(schedule, "warmup_steps", None)
        if warmup and warmup > _MUCH_WARMUP * steps:
            yield Proposed(
                f"schedule.{turn}.warmup_steps",
                max(1, round(_WARMUP_SHARE * steps)),
                f"{_WARMUP_SHARE:.0%} of the steps; the recipe's {warmup} are over a fifth, which "
                "preflight warns of (docs/evaluation-checks.md#what-the-checks-of-a-run-say)",
            )


def _guards(recipe: Recipe, every: int, steps: int) -> Iterator[Proposed]:
    """Guards that wait for so many steps, by the evaluations that they need."""
    for metric, guards in recipe.guard.items():
        before = [guard_table(one) for one in guards]
        tables = [_waiting(one, every, steps) for one in guards]
        if tables == before:
            continue
        why = "looked at when there is an evaluation"
        if any(one.plateau_steps or one.gap_steps for one in guards):
            why = "a plateau is looked for over 5 evaluations, a gap over 3 (as in xtts_phase1)"
        yield Proposed(f"guard.{metric}", tables if len(tables) > 1 else tables[0], why)


def _waiting(guard: Guard, every: int, steps: int) -> dict[str, Any]:
    """The guard with other spans of steps, at the step of an evaluation."""
    now = {"plateau_steps": 5 * every, "gap_steps": 3 * every, "at": _at(guard.at, every, steps)}
    return {key: now.get(key, value) for key, value in guard_table(guard).items()}


def _at(moment: str, every: int, steps: int) -> str:
    """The moment, or where it names a step of the run, the next evaluation, or else the last."""
    when, _, step = moment.partition("step:")
    if not step or int(step) > steps:
        return moment
    evaluations = min(math.ceil(int(step) / every), steps // every)
    return f"{when}step:{max(1, evaluations) * every}"


def guard_table(guard: Guard) -> dict[str, Any]:
    """The guard as a recipe writes it: what is not its default."""
    plain, usual = to_plain(guard), to_plain(Guard())
    return {key: value for key, value in plain.items() if usual.get(key) != value}


def passes_in_steps(passes: float, amount: Amount, batch: int, most_held_out: float = 0.1) -> int:
    """Steps that so many passes over the training clips take."""
    return max(1, round(passes * amount.num_clips * (1 - most_held_out) / batch))


def _round(value: float) -> int:
    """A number of steps that reads well: 1, 2 or 5 times a power of ten, the nearest below."""
    power = 10 ** math.floor(math.log10(value))
    return int(next(factor * power for factor in (5, 2, 1) if factor * power <= value))
