"""How a recipe of a language model over a codec's codes is sized by its corpus. No torch."""

from collections.abc import Iterator

from engine.corpus.table.manifest import Clip
from engine.errors import UserError
from engine.system_support.preset import (
    Amount,
    Proposed,
    fitting_batch,
    held_out,
    length,
    passes_in_steps,
    require_enough,
)
from engine.systems.codec_lm.recipe import CodecLmRecipe

_FEWEST_VOICES = 4


def why_unusable(recipe: CodecLmRecipe, clip: Clip) -> str | None:
    """Why a clip is left out; None where it is used."""
    rule = recipe.dataset
    if not clip.text:
        return "without a transcript"
    if not clip.speaker:
        return "without a speaker"
    if not rule.min_seconds <= clip.seconds <= rule.max_seconds:
        return f"shorter than {rule.min_seconds:g} s or longer than {rule.max_seconds:g} s"
    if clip.sample_rate_hz < rule.sample_rate_hz and rule.upsampling == "leave_out":
        return f"recorded below {rule.sample_rate_hz:,} Hz"
    return None


def propose(recipe: CodecLmRecipe, amount: Amount) -> Iterator[Proposed]:
    """Batch, length and evaluation. Raises UserError where the corpus cannot be used."""
    several = sum(number > 1 for number in amount.speakers.values())
    if several < _FEWEST_VOICES:
        raise UserError(
            f"{recipe.name} learns to clone voices that it was not trained on, from another clip "
            f"of the same speaker. Corpus {amount.corpus!r} has {several} speakers with two and "
            f"more usable clips, and {_FEWEST_VOICES} are needed. Name the speakers (adopt with "
            "--speakers folder, or a column 'speaker'), add voices, or fine-tune XTTS for one "
            "voice."
        )
    require_enough(recipe, amount)
    yield from held_out(recipe, amount)
    seen = max(2, min(recipe.dataset.num_seen_clips, amount.num_clips // 10))
    yield Proposed("dataset.num_seen_clips", seen, "of known voices, at most a tenth of the clips")
    if amount.hours < 1:
        passes, batch = 10, min(8, recipe.training.batch_size)
        why = "each clip is seen ten times, for less than an hour: a choice, not measured"
    elif amount.hours < 10:
        passes, batch, why = (
            5,
            min(16, recipe.training.batch_size),
            "each clip is seen five times: a choice, not measured",
        )
    else:
        passes, batch, why = 3, recipe.training.batch_size, "three passes, as the recipe's"
    batch = fitting_batch(batch, recipe, amount)
    yield Proposed("training.batch_size", batch, "smaller where an epoch has few batches of 32")
    if batch % recipe.training.num_micro_batches:
        yield Proposed("training.num_micro_batches", max(1, batch // 4), "four sequences at once")
    yield from length(recipe, max(200, passes_in_steps(passes, amount, batch)), why, amount)
