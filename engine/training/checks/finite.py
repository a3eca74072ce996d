"""Batches that hold NaN or infinity: the clips are named while it is known which they are."""

from collections.abc import Sequence

import torch
from torch import Tensor

from engine.errors import UserError
from engine.training.system import Batch

_NAMED = 3


class BrokenBatchError(UserError):
    """A batch that would turn every weight into NaN."""


def is_broken(tensor: Tensor) -> bool:
    """Whether a tensor holds NaN or infinity.

    Its sum says so in most cases, which costs a tenth of looking at each number.
    """
    if not tensor.is_floating_point() or bool(torch.isfinite(tensor.sum())):
        return False
    return not bool(torch.isfinite(tensor).all())


def require_finite(batch: Batch, ids: Sequence[str], step: int | None = None) -> None:
    """Raise BrokenBatchError where an entry of a batch, that of `step` (from 0), is not finite.

    `ids` are the clips of its rows.
    """
    for name, tensor in batch.items():
        if not is_broken(tensor):
            continue
        broken = ~torch.isfinite(tensor).flatten(1).all(1)
        names = [id_ for id_, bad in zip(ids, broken.tolist(), strict=True) if bad]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        which = "A batch" if step is None else f"The batch of step {step + 1}"
        raise BrokenBatchError(
            f"{which} holds NaN or infinity in '{name}', in clip {', '.join(names[:_NAMED])}"
            f"{more}. Training on it would make every weight NaN, so the run ends before that. "
            "Remove or mend the clip, and ingest the corpus again."
        )
