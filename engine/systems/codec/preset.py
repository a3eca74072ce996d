"""How a recipe of a codec is sized by its corpus. No torch."""

from collections.abc import Iterator

from engine.corpus.table.manifest import Clip
from engine.system_support.preset import (
    Amount,
    Proposed,
    capped,
    fitting_batch,
    held_out,
    length,
    require_enough,
)
from engine.systems.codec.recipe import CodecRecipe

_PASSES = 100
_PUBLISHED_STEPS = 400_000
_FEWEST_STEPS = 2_000
_MUCH_HOURS, _LARGE_BATCH = 10.0, 72


def why_unusable(recipe: CodecRecipe, clip: Clip) -> str | None:
    """Why a clip is left out; None where it is used."""
    rule = recipe.dataset
    if clip.seconds < rule.segment_seconds:
        return f"shorter than a crop of {rule.segment_seconds:g} s"
    if clip.sample_rate_hz < rule.sample_rate_hz and rule.upsampling == "leave_out":
        return f"recorded below {rule.sample_rate_hz:,} Hz"
    return None


def propose(recipe: CodecRecipe, amount: Amount) -> Iterator[Proposed]:
    """Batch, length and evaluation. Raises UserError where the corpus cannot be used."""
    require_enough(recipe, amount)
    yield from _upsampling(recipe, amount)
    if recipe.dataset.split == "speaker_disjoint" and len(amount.speakers) == 1:
        yield Proposed(
            "dataset.split",
            "text_disjoint",
            "there is one voice, which cannot be held out: sentences are instead",
        )
    yield from held_out(recipe, amount)
    wanted = recipe.training.batch_size
    if amount.hours >= _MUCH_HOURS and not amount.small:
        wanted = _LARGE_BATCH
        why = "crops in a step as published for DAC (docs/codec.md)"
    else:
        why = f"the recipe's own; DAC has {_LARGE_BATCH}, for hundreds of hours (docs/codec.md)"
    batch = fitting_batch(wanted, recipe, amount)
    yield Proposed("training.batch_size", batch, capped(batch, wanted, why))
    crops = amount.seconds / recipe.dataset.segment_seconds
    steps = round(_PASSES * crops / batch)
    steps = min(_PUBLISHED_STEPS, max(_FEWEST_STEPS, steps))
    yield from length(recipe, steps, _why(steps), amount)


def _why(steps: int) -> str:
    if steps == _PUBLISHED_STEPS:
        return "as many as DAC took, the most that is proposed (docs/codec.md)"
    return (
        f"a first look at {_PASSES} passes over the audio (at least {_FEWEST_STEPS:,} steps), not "
        f"a codec to use: DAC took {_PUBLISHED_STEPS:,} (docs/codec.md)"
    )


def _upsampling(recipe: CodecRecipe, amount: Amount) -> Iterator[Proposed]:
    """Clips of a lower rate have an empty band above it, which a codec would learn."""
    rate = recipe.dataset.sample_rate_hz
    if not amount.num_lower or recipe.dataset.upsampling != "refuse":
        return
    yield Proposed(
        "dataset.upsampling",
        "leave_out",
        f"{amount.num_lower:,} clips were recorded below {rate:,} Hz, with an empty band that the "
        "codec would learn",
    )
