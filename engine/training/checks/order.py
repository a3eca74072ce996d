"""Whether every epoch has all clips, in an order of its own."""

from collections.abc import Sequence

import numpy as np

from engine.training.checks.check import Check
from engine.training.order import Order

_FEWEST = 4
"""Clips from which two equal orders are no chance, or hardly one."""


def order_check(order: Order, ids: Sequence[str]) -> Check:
    """Compare the first two epochs with each other and with the training clips."""
    name, total = "order of clips", len(ids)
    first, second = (np.concatenate(order.epoch(number)) for number in (0, 1))
    if total >= _FEWEST and np.array_equal(first, second):
        said = f"two epochs have the {len(first)} clips in the same order: they are not shuffled"
        return Check(name, False, f"{said}, and the same clips share a batch each time")
    counts = np.bincount(first, minlength=total)
    if (repeated := int((counts > 1).sum())) or (counts == 0).sum() >= order.world_size:
        missing = int((counts == 0).sum())
        row = int(np.flatnonzero(counts != 1)[0])
        said = f"of {total} clips an epoch leaves out {missing} and repeats {repeated}"
        return Check(name, False, f"{said} (first: {ids[row]})")
    return Check(name, True, f"shuffled in each epoch, which has {len(first)} of {total} clips")
