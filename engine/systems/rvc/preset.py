"""How a recipe of RVC is sized by its corpus. No torch.

Slices and what is silent in them are known after `cantus prepare`.
"""

from collections.abc import Iterator

from engine.corpus.table.manifest import Clip
from engine.errors import UserError
from engine.system_support.preset import (
    Amount,
    Proposed,
    capped,
    fitting_batch,
    held_out,
    length,
    require_enough,
)
from engine.systems.rvc.recipe import RvcRecipe

BATCH_OF_CLIPS = False
"""A batch is of slices, of which a clip has several."""
_SLICE_SECONDS = 3.7
"""RVC's slices: docs/rvc.md."""
_EPOCHS, _FEWEST_EPOCHS = 200, 20
_MINUTES = 10.0


def why_unusable(recipe: RvcRecipe, clip: Clip) -> str | None:
    """Why a clip is left out; None where it is used."""
    speakers = recipe.dataset.speakers
    if speakers and clip.speaker not in speakers:
        return "of a speaker that is not learned"
    return None


def propose(recipe: RvcRecipe, amount: Amount) -> Iterator[Proposed]:
    """Batch, length and evaluation. Raises UserError where the corpus cannot be used."""
    if amount.num_clips == 1 or (amount.num_clips < 4 and amount.seconds > 60):
        raise UserError(
            f"Corpus {amount.corpus!r} is {amount.num_clips} long recordings, of which nothing can "
            f"be held out. Let it be cut: in params.toml, corpora.{amount.corpus}: segment = "
            f"'silence' and max_seconds = 10; then 'cantus ingest {amount.corpus}'."
        )
    require_enough(recipe, amount)
    yield from held_out(recipe, amount)
    wanted = recipe.training.batch_size
    batch = fitting_batch(wanted, recipe, amount)
    why = capped(batch, wanted, "slices in a step, write-up 003's 8 (docs/rvc.md)")
    yield Proposed("training.batch_size", batch, why)
    epochs = max(_FEWEST_EPOCHS, min(_EPOCHS, round(_EPOCHS * _MINUTES / amount.minutes)))
    slices = amount.seconds / _SLICE_SECONDS
    because = (
        f"each recording is seen {epochs} times ({amount.said}). Up to {_MINUTES:g} minutes of "
        f"audio: {_EPOCHS} times, as in write-up 003; of more audio fewer, for the same number of "
        "steps. The rule is a choice, not measured"
    )
    yield from length(recipe, max(200, round(epochs * slices / batch)), because, amount)
