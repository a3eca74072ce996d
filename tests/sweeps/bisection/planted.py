"""Planted causes: figures of clips with seed and clip noise, in place of trainings."""

import numpy as np

from engine.sweeps.bisection.evidence import Probe
from engine.sweeps.bisection.search import Search
from engine.sweeps.bisection.trials import Trials, UnresolvedError


class Planted:
    """Lines with known effects, and pairs with an effect only together, in units of the noise."""

    def __init__(
        self, effects, pairs=(), *, seed=0, num_clips=40, invalid=(), stopped=(), refused=()
    ):
        self.effects, self.pairs = effects, dict(pairs)
        self.random = np.random.default_rng(seed)
        self.clips = self.random.standard_normal(num_clips)
        self.invalid, self.stopped, self.refused = map(frozenset, (invalid, stopped, refused))

    def run(self, lines, seed):
        if self.invalid and lines & self.invalid and not self.invalid <= lines:
            raise UnresolvedError("no valid recipe: one without the other")
        if lines & self.stopped:
            return Probe(stopped="guard at step 3: the loss is not finite")
        harm = sum(self.effects.get(line, 0.0) for line in lines)
        harm += sum(size for pair, size in self.pairs.items() if {*pair} <= lines)
        rest = 0.3 * self.random.standard_normal(len(self.clips))
        return Probe(harm + self.clips + self.random.standard_normal() + rest)

    def preflight(self, lines, seed):
        if self.invalid and lines & self.invalid and not self.invalid <= lines:
            raise UnresolvedError("no valid recipe: one without the other")
        return "preflight: learning rate: 0.5" if lines & self.refused else ""


def searched(planted, lines, *, num_seeds=6, most_runs=300, lowest=True):
    """A search that has ended."""
    trials = Trials(planted, lowest, num_seeds, 1, most_runs, lambda sentence: None)
    search = Search([*lines], trials)
    search.run()
    return search


def accused(search):
    """The lines that a search accuses."""
    return {one.line for found in search.found for one in found.accusations if one.holds}
