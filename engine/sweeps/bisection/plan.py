"""What a search may take, and why it is refused before anything is trained."""

import math
from collections.abc import Sequence

from attrs import frozen

from engine.errors import UserError
from engine.project import Project
from engine.recipe import Recipe
from engine.recipe.metric_names import direction_of, known_results
from engine.recipe.params import Params
from engine.tracking.comparable import short_digest


@frozen
class Plan:
    """The number of short runs of a search."""

    least: int
    most: int
    one_at_a_time: int
    """Runs that trying each line alone would take, with all seeds."""

    @property
    def said(self) -> str:
        """How many runs, and what that saves, in words."""
        saved = self.one_at_a_time - self.least
        beside = (
            f"which saves up to {saved:,} of the {self.one_at_a_time:,} runs that trying each line "
            "alone would take"
            if saved > 0
            else f"which saves none of the {self.one_at_a_time:,} runs that trying each line alone "
            "would take, but confirms what it finds with fresh seeds"
        )
        return f"At least {self.least:,} and at most {self.most:,} runs, {beside}."


def plan_of(num_lines: int, num_seeds: int, most_runs: int) -> Plan:
    """The runs of a search over so many lines.

    At least: both recipes with half of the seeds, one run for each halving, one line confirmed with
    half of the seeds, the other lines with half. At most: what delta debugging takes where every
    subset is asked for (k^2 + 3 k, Zeller and Hildebrandt 2002), with all seeds, or the budget.
    """
    half = max(2, num_seeds // 2)
    halvings = math.ceil(math.log2(num_lines)) if num_lines > 1 else 0
    least = 2 * half + halvings + 2 * half + (half if num_lines > 1 else 0)
    worst = num_seeds * (num_lines**2 + 3 * num_lines + 4 + 2 * (num_lines + 2))
    most = min(most_runs, worst)
    return Plan(min(least, most), most, num_seeds * (num_lines + 1))


def require_comparable(good: Recipe, bad: Recipe, metric: str) -> bool:
    """Whether lower values of the metric are better.

    Raises UserError where the recipes are of different systems, or the metric does not say which
    of two results is better.
    """
    if good.system != bad.system:
        raise UserError(
            f"{good.name} is of the system '{good.system}' and {bad.name} of '{bad.system}': no "
            "lines of one could be put into the other. Give two recipes of one system."
        )
    known = [name for name in known_results(type(good)) if direction_of(name, good)]
    direction = direction_of(metric, good) if metric in known else None
    if direction is None:
        raise UserError(
            f"--metric {metric}: lower or higher must be better by it, and it must be measured. "
            f"Such metrics of {good.system}: {', '.join(known)}.",
            allowed=known,
        )
    return direction == "lowest"


def require_lines(names: tuple[str, str], lines: Sequence[object], left_out: Sequence[str]) -> None:
    """Raise UserError where there is nothing to search among."""
    if lines:
        return
    good, bad = names
    if left_out:
        raise UserError(
            f"{good} and {bad} differ only in {', '.join(left_out)}, which short runs set "
            "themselves: there is nothing to search among. `cantus diff` compares their results."
        )
    raise UserError(
        f"No value that affects training differs between {good} and {bad}: there is nothing to "
        "search among."
    )


def require_same_clips(good: Recipe, bad: Recipe, project: Project, params: Params) -> None:
    """Raise UserError where the two are not evaluated on the same clips."""
    from engine.system_support.build import build_system

    sets = [build_system(one, project, params).evaluation_set for one in (good, bad)]
    if sets[0] != sets[1]:
        first, second = map(short_digest, sets)
        raise UserError(
            f"The two are not evaluated on the same clips (set {first} and set {second}), so that "
            "no difference could be measured. Give both one evaluation set: cantus pin-eval."
        )
