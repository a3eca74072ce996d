"""The weights of the parts of a step: each figure counts by the targets it is a mean over.

A batch of 60 clips in 20 micro-batches, or in two processes, then has the gradient of 60 clips at
once. Were parts weighed by their clips alone, a token of a short clip would count for more than
one of a long clip wherever losses are means over tokens.
"""

from collections.abc import Mapping, Sequence

from attrs import field, frozen

from engine.training.ranks import Ranks
from engine.training.system import Batch, TrainingModule

_CLIPS = ""
"""The name under which clips are counted."""


@frozen
class Share:
    """The share of one part in a step: of its clips, and of the targets of some figures."""

    clips: float = 1.0
    of_targets: Mapping[str, float] = field(factory=dict)

    def of(self, figure: str) -> float:
        """The weight of the part's figure, a loss term or a metric, in that of the step."""
        return self.of_targets.get(figure, self.clips)


WHOLE = Share()


def part_shares(module: TrainingModule, parts: Sequence[Batch], ranks: Ranks) -> list[Share]:
    """The share of each of this process's parts.

    It is relative to the mean over processes, which is what they exchange: with N processes it is
    N times the part's share of the whole step.
    """
    counts = [{_CLIPS: num_clips(part), **module.num_targets(part)} for part in parts]
    names = sorted(counts[0])
    totals = ranks.total([sum(of_part[name] for of_part in counts) for name in names])
    world = ranks.world_size
    found = [
        {name: world * of_part[name] / max(1, n) for name, n in zip(names, totals, strict=True)}
        for of_part in counts
    ]
    return [Share(of_part.pop(_CLIPS), of_part) for of_part in found]


def num_clips(batch: Batch) -> int:
    """The clips of a batch."""
    return len(next(iter(batch.values())))
