"""Partings: loss and judges pick different weights, and both comparisons are significant.

Cross-entropy and distances of spectrograms are means over frames, while a few frames can make
speech bad. So the weights with the lowest loss are compared with those that a judge rates best.
"""

from typing import Any

from attrs import asdict, evolve, frozen

from engine.evaluation.paired import Outcome
from engine.recipe.schema import Recipe
from engine.training.model_selection import Score, SelectionRule

FALSE_PARTINGS = 0.05
"""The largest share of runs in which a parting is reported though no figure truly changes."""


@frozen
class Rules:
    """How evaluations are compared: by the loss, and by each figure of the judges."""

    loss: SelectionRule
    judges: tuple[SelectionRule, ...]
    """Rules of the judges' figures; the one that decides comes first."""

    @classmethod
    def of(cls, recipe: Recipe, num_evaluations: int) -> "Rules | None":
        """The rules of a recipe; None without judges, or where its system names no loss."""
        best = selection_of(recipe, num_evaluations)
        judged = {
            metric: evolve(best, metric=metric, lowest=better == "lowest")
            for metric, better in recipe.judged_metrics.items()
        }
        if not judged or not recipe.loss_metric:
            return None
        if best.metric not in judged:
            return cls(best, tuple(judged.values()))
        others = (rule for metric, rule in judged.items() if metric != best.metric)
        return cls(evolve(best, metric=recipe.loss_metric, lowest=True), (best, *others))


def selection_of(recipe: Recipe, num_evaluations: int) -> SelectionRule:
    """How a recipe compares the evaluations of a run that has so many."""
    training = recipe.training
    lowest, paired = training.best_is == "lowest", training.best_by == "paired"
    return SelectionRule(training.best, lowest, paired, num_evaluations)


@frozen
class Parting:
    """Two evaluations of a run: the first is significantly better by the loss, worse by judges."""

    by_loss: int
    """The step of the best by the loss."""
    by_judges: int
    loss: str
    """The difference of the first from the second by the loss, in words."""
    judges: tuple[str, ...]
    """The difference by each figure that is significantly worse, in words."""
    kept: tuple[str, str]
    """The names of their checkpoints."""

    def facts(self) -> dict[str, Any]:
        """Plain values for an event."""
        return asdict(self) | {"message": self.sentence()}

    def sentence(self) -> str:
        """The parting in words."""
        weights = "the initial weights" if self.by_judges == 0 else f"step {self.by_judges:,}"
        steps = self.by_loss, self.by_judges
        kept = (f"{n} (step {s:,})" for n, s in zip(self.kept, steps, strict=True))
        return (
            f"Loss and judges disagree. Step {self.by_loss:,} against {weights}: {self.loss}, but "
            f"{'; '.join(self.judges)}. Listen to both; the checkpoints are {' and '.join(kept)}."
        )


def find_parting(
    rules: Rules, by_loss: Score, by_judges: Score, kept: tuple[str, str]
) -> Parting | None:
    """The parting of two evaluations; None where a comparison is not significant.

    `kept` are the names of their checkpoints.

    Significant: over all pairs of a run's evaluations, that of its initial weights included, such
    a difference arises by chance in at most 5 of 100 runs (Bonferroni, for these two were picked).
    """
    worse = [rule for rule in rules.judges if _outcome(rule, by_loss, by_judges) == "worse"]
    if _outcome(rules.loss, by_loss, by_judges) != "better" or not worse:
        return None
    loss, *said = (
        f"{rule.metric} {_of_two(rule).said(by_loss, by_judges)}" for rule in (rules.loss, *worse)
    )
    return Parting(by_loss.step, by_judges.step, loss, tuple(said), kept)


def _outcome(rule: SelectionRule, by_loss: Score, by_judges: Score) -> Outcome:
    found = _of_two(rule).difference(by_loss, by_judges)
    if found is None:
        return "undecided"
    pairs = rule.comparisons * (rule.comparisons + 1) // 2
    return found.at(1 - 2 * FALSE_PARTINGS / pairs).outcome(lowest=rule.lowest)


def _of_two(rule: SelectionRule) -> SelectionRule:
    """The rule for two evaluations alone, clip by clip."""
    return evolve(rule, paired=True, comparisons=1)
