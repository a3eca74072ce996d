"""Planted pairs of recipes: lines with known effects on simulated figures of clips.

Sizes are in spreads over seeds. The spreads are those of 20 seeds of `audio_vae_plus` (rmse_db of
350 clips; `python -m benchmarks.noise_floor`): 0.384 dB over seeds, 0.657 dB over clips, and 0.190
dB of what seeds and clips leave over.
"""

from collections.abc import Mapping

import numpy as np
from attrs import field, frozen

from engine.sweeps.bisection.evidence import Probe
from engine.sweeps.bisection.trials import Lines

SEED_SPREAD, CLIP_SPREAD, REST = 0.384, 0.657, 0.190
NUM_CLIPS = 350


@frozen
class Pair:
    """Two recipes that differ in `num_lines` lines, some of which are guilty."""

    num_lines: int
    sizes: tuple[float, ...]
    """The effect of each guilty line."""
    together: float = 0.0
    """What the guilty lines do only together."""

    @property
    def name(self) -> str:
        """The pair in a row of a table."""
        if self.together:
            return f"{self.num_lines} lines, two only together: {self.together:g}"
        guilty = " and ".join(f"{size:g}" for size in self.sizes) or "none"
        return f"{self.num_lines} lines, guilty: {guilty}"


PAIRS = (
    Pair(4, (3.0,)),
    Pair(4, (2.0,)),
    Pair(4, (1.0,)),
    Pair(4, (0.5,)),
    Pair(4, (3.0, 3.0)),
    Pair(6, (3.0,)),
    Pair(6, (1.5,)),
    Pair(6, (2.0, 2.0)),
    Pair(8, (3.0,)),
    Pair(8, (2.0,)),
    Pair(8, (1.0,)),
    Pair(8, (0.5,)),
    Pair(8, (3.0, 1.5)),
    Pair(8, (0.0, 0.0), together=3.0),
    Pair(12, (2.5,)),
    Pair(12, (3.0, 3.0)),
    Pair(16, (3.0,)),
    Pair(16, (2.0,)),
    Pair(16, (1.0,)),
    Pair(16, (2.5, 2.5)),
)
NULL = Pair(8, ())
"""A pair of which no line does anything."""


@frozen
class Simulated:
    """An oracle: figures of clips of a recipe with some of the lines."""

    effects: Mapping[str, float]
    pair: frozenset[str]
    together: float
    random: np.random.Generator
    clips: np.ndarray = field()

    @clips.default
    def _draw(self) -> np.ndarray:
        return CLIP_SPREAD * self.random.standard_normal(NUM_CLIPS)

    def run(self, lines: Lines, seed: int) -> Probe:
        """The figures of a run; each seed of each recipe is drawn by itself."""
        del seed
        size = sum(self.effects.get(line, 0.0) for line in lines)
        if self.together and self.pair <= lines:
            size += self.together
        level = SEED_SPREAD * (size + self.random.standard_normal())
        return Probe(level + self.clips + REST * self.random.standard_normal(NUM_CLIPS))

    def preflight(self, lines: Lines, seed: int) -> str:
        """Every recipe passes preflight."""
        del lines, seed
        return ""


def planted(pair: Pair, random: np.random.Generator) -> tuple[list[str], frozenset[str], Simulated]:
    """The lines of a pair, the guilty ones, and the oracle; where the guilty stand is drawn."""
    lines = [f"line {number}" for number in range(pair.num_lines)]
    guilty = [lines[place] for place in random.permutation(pair.num_lines)[: len(pair.sizes)]]
    effects = dict(zip(guilty, pair.sizes, strict=True))
    return lines, frozenset(guilty), Simulated(effects, frozenset(guilty), pair.together, random)
