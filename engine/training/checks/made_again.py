"""Whether batches hold the features of the clips they name: a few are computed again."""

from collections.abc import Iterator

import numpy as np
from torch import Tensor

from engine.training.checks.check import Check
from engine.training.checks.clips import Drawn
from engine.training.system import MadeAgain

_CLIPS = 4
_LEAST = 0.6
"""Share of a clip's numbers that agree: about 1 in healthy runs, hardly any for another clip."""


def made_again_checks(drawn: Drawn, make: MadeAgain) -> Iterator[Check]:
    """Compare a few clips of the first batch with what is computed now from their audio."""
    places, ids = drawn.places[0][:_CLIPS], drawn.ids[0][:_CLIPS]
    found = make(places, {name: rows[:_CLIPS] for name, rows in drawn.batches[0].items()})
    for entry, shares in found.items():
        name = f"{entry} computed again"
        wrong = [
            f"{id_} ({share:.0%})"
            for id_, share in zip(ids, shares, strict=True)
            if not share >= _LEAST
        ]
        if wrong:
            said = f"of {entry} in a batch, hardly anything agrees with the audio of the clip: "
            said += f"{', '.join(wrong)} agrees. It is another clip's, or of other settings: stale"
            yield Check(name, False, said)
        else:
            said = f"{min(shares, default=1.0):.1%} or more of each of {len(shares)} clips agrees"
            yield Check(name, True, said)


def share_alike(kept: Tensor | np.ndarray, made: Tensor | np.ndarray, tolerance: float) -> float:
    """Share of numbers that are the same to within a tolerance, as long as both arrays reach.

    0 where one is much shorter than the other. Padding of what was kept is not compared.
    """
    ours, theirs = np.asarray(kept, np.float64), np.asarray(made, np.float64)
    length = min(len(ours), len(theirs))
    if length < 0.9 * len(theirs):
        return 0.0
    return float((np.abs(ours[:length] - theirs[:length]) <= tolerance).mean())
