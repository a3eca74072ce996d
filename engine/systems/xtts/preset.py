"""How a recipe of XTTS is sized by its corpus. No torch.

What `why_unusable` cannot know without a vocabulary (too many tokens, letters that it lacks) is
found by `cantus prepare`.
"""

import math
from collections.abc import Iterator

from attrs import evolve

from engine.corpus.table.manifest import Clip
from engine.errors import UserError
from engine.system_support.preset import (
    Amount,
    Proposed,
    fitting_batch,
    guard_table,
    held_out,
    length,
    passes_in_steps,
    require_enough,
)
from engine.systems.xtts.recipe import SAMPLE_RATE_HZ, Scratch, XttsRecipe

_WRONG_VOICE = "eval/mel_ce_increase_wrong_voice"
_MUCH_HOURS = 10.0
_PART, _LARGEST_BATCH = 3, 252


def why_unusable(recipe: XttsRecipe, clip: Clip) -> str | None:
    """Why a clip is left out; None where it is used."""
    rule = recipe.dataset
    if not clip.text:
        return "without a transcript"
    if not rule.min_seconds <= clip.seconds <= rule.max_seconds:
        return f"shorter than {rule.min_seconds:g} s or longer than {rule.max_seconds:g} s"
    if (clip.language or rule.language) not in rule.languages:
        return "of another or an unknown language"
    if clip.sample_rate_hz < SAMPLE_RATE_HZ and rule.upsampling == "leave_out":
        return f"recorded below {SAMPLE_RATE_HZ:,} Hz"
    return None


def propose(recipe: XttsRecipe, amount: Amount) -> Iterator[Proposed]:
    """Batch, length and evaluation. Raises UserError where the corpus cannot be used."""
    _require_transcripts(recipe, amount)
    require_enough(recipe, amount)
    if amount.num_texts > 1 and recipe.dataset.split != "text_disjoint":
        yield Proposed(
            "dataset.split",
            "text_disjoint",
            "no sentence is in both sets, whichever voice speaks it (docs/xtts.md)",
        )
    yield from held_out(recipe, amount)
    if len(amount.speakers) > 1 and recipe.dataset.conditioning == "same_clip":
        yield Proposed(
            "dataset.conditioning",
            "same_speaker",
            "speakers are known, and speech is made on another clip of the speaker than the one "
            "that is spoken (docs/xtts.md)",
        )
    if amount.some_texts:
        yield Proposed(
            "speech.sentences",
            list(amount.some_texts),
            "spoken for listening: transcripts of the corpus, to be played beside the recordings; "
            "replace them by your own",
        )
    yield from _one_voice(recipe, amount)
    if isinstance(recipe.model, Scratch):
        yield from _scratch(recipe, amount)
    else:
        yield from _fine_tuning(recipe, amount)


def _one_voice(recipe: XttsRecipe, amount: Amount) -> Iterator[Proposed]:
    """With one voice, conditioning on another clip costs nothing: the guard may not stop a run."""
    if len(amount.speakers) > 1:
        return
    for guard in recipe.guard.get(_WRONG_VOICE, ()):
        if guard.action == "stop":
            yield Proposed(
                f"guard.{_WRONG_VOICE}",
                guard_table(evolve(guard, action="warn")),
                "one voice, or speakers that are not named: another clip is the same voice",
            )


def _require_transcripts(recipe: XttsRecipe, amount: Amount) -> None:
    missing = amount.left_out.get("without a transcript", 0)
    if missing == amount.num_found:
        raise UserError(
            f"{recipe.name} learns to speak texts, and no clip of corpus {amount.corpus!r} has a "
            "transcript. Put a metadata.csv with the texts beside the recordings, or a text file "
            "beside each, and adopt the folder again (docs/corpus.md). A voice without texts is "
            "learned by the recipes of rvc."
        )


def _fine_tuning(recipe: XttsRecipe, amount: Amount) -> Iterator[Proposed]:
    """By hours: write-up 002 has three clips a step and 15 passes, upstream 252 clips a step."""
    hours = amount.hours
    parts = max(1, min(round(math.sqrt(hours)), amount.num_training // _PART))
    batch = min(_LARGEST_BATCH, _PART * parts)
    if hours < 1:
        passes = 10
        why = (
            "each clip is seen ten times, for less than an hour of audio; write-up 002 had 15 over "
            "40 minutes in its first phase (docs/xtts.md), and the guard on the gap stops when "
            "clips are memorized"
        )
    else:
        passes = 6 if hours < _MUCH_HOURS else 3
        why = (
            f"each clip is seen {passes} times; fewer times the more audio there is. The rule is a "
            "choice, not measured"
        )
    yield Proposed(
        "training.batch_size",
        batch,
        f"clips a step, more with more audio: write-up 002 has {_PART} on 40 minutes, upstream "
        f"{_LARGEST_BATCH} (docs/xtts-measurements.md#departures-from-upstream); in between it "
        "grows with the root of the hours, a choice, not measured",
    )
    if batch > _PART:
        why_parts = f"{_PART} clips at once on the card, as upstream"
        yield Proposed("training.num_micro_batches", batch // _PART, why_parts)
    if hours >= 1 and recipe.adapters is None:
        yield Proposed(
            "optimizer.gpt.learning_rate",
            5e-6,
            "upstream's (upstream/xtts_v2.toml); 1.5e-6 is write-up 002's, for 40 minutes",
        )
    yield from length(recipe, passes_in_steps(passes, amount, batch), why, amount)


def _scratch(recipe: XttsRecipe, amount: Amount) -> Iterator[Proposed]:
    wanted = min(recipe.training.batch_size, max(2, amount.num_clips // 4))
    batch = fitting_batch(wanted, recipe, amount)
    yield Proposed("training.batch_size", batch, "the recipe's, where there are clips for it")
    steps = max(200, passes_in_steps(20, amount, batch))
    why = (
        "20 passes, and at least 200 steps; from scratch, 1.8 minutes of speech were learned best "
        "after 9 passes, and then memorized (docs/presets-and-sweeps.md#tried)"
    )
    yield from length(recipe, steps, why, amount)
