"""How a recipe of the audio puzzle VQ-VAE is sized by its corpus. No torch."""

from collections.abc import Iterator

from engine.corpus.table.manifest import Clip
from engine.system_support.preset import (
    Amount,
    Proposed,
    fitting_batch,
    held_out,
    length,
    passes_in_steps,
    require_enough,
)
from engine.systems.vqvae.recipe import VqvaeRecipe

_PASSES = 5
_FEWEST_STEPS, _MOST_STEPS = 400, 4000


def why_unusable(recipe: VqvaeRecipe, clip: Clip) -> str | None:  # noqa: ARG001
    """Every clip is used: it is cut or padded to a second."""
    return None


def propose(recipe: VqvaeRecipe, amount: Amount) -> Iterator[Proposed]:
    """Batch, length and evaluation. Raises UserError where the corpus cannot be used."""
    require_enough(recipe, amount)
    if recipe.dataset.split == "speaker_disjoint" and len(amount.speakers) == 1:
        yield Proposed(
            "dataset.split",
            "text_disjoint",
            "there is one voice, which cannot be held out: words are instead",
        )
    yield from held_out(recipe, amount)
    wanted = min(recipe.training.batch_size, max(2, amount.num_clips // 4))
    batch = fitting_batch(wanted, recipe, amount)
    yield Proposed("training.batch_size", batch, "write-up 004's 64, where there are clips for it")
    steps = passes_in_steps(_PASSES, amount, batch)
    because = (
        f"{_PASSES} passes, as write-up 004; at least {_FEWEST_STEPS} steps, by which "
        f"audio_vae_plus is better than a uniform grid (docs/audio_vae.md), and at most "
        f"{_MOST_STEPS:,}, which are 5 passes over the 50,000 words of write-up 004"
    )
    yield from length(recipe, min(_MOST_STEPS, max(_FEWEST_STEPS, steps)), because, amount)
