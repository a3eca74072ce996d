"""The lines that keep a recipe from passing preflight: preflight alone decides, nothing is trained.

A refusal before step 1 follows from the recipe and the seed, so no test over many seeds is needed:
the bad recipe is stopped with each of two seeds, the good one with neither. The search then asks
for preflight in place of a run, with the first of the seeds, and confirms with both.
"""

from attrs import frozen

from engine.sweeps.bisection.evidence import Evidence
from engine.sweeps.bisection.trials import Lines, Trials


@frozen
class Refusals:
    """What preflight says of recipes, with two seeds."""

    trials: Trials

    @property
    def seeds(self) -> tuple[int, int]:
        """The first seed of trials, and the first that none of them uses."""
        first = self.trials.first_seed
        return first, first + self.trials.num_seeds

    def compare(self, new: Lines, old: Lines) -> Evidence:
        """Two recipes compared: one is worse that is stopped with both seeds, the other with none.

        Raises UnresolvedError.
        """
        ours, theirs = self._stopped(new), self._stopped(old)
        counts, both = (len(ours), len(theirs)), len(self.seeds)
        first, second = self.seeds
        said = (
            f"preflight stops {counts[0]} of {both} runs (seeds {first} and {second}), against "
            f"{counts[1]} of {both}"
        )
        why = next(iter((*ours, *theirs)), "")
        said = f"{said}: {why.removeprefix('preflight: ')}" if why else said
        return Evidence(
            counts == (both, 0), counts == (0, both), None, said, is_of_stops=sum(counts) > 0
        )

    def _stopped(self, lines: Lines) -> list[str]:
        """Why preflight stops a recipe, for each seed with which it does."""
        found = (self.trials.preflight(lines, seed) for seed in self.seeds)
        return [why for why in found if why]
