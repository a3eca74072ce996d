"""A recipe's runs with several seeds, as `cantus seeds` keeps them, and those of a given run."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import evolve

from engine.errors import UserError
from engine.project import Project
from engine.recipe.faults import listed
from engine.report.kept_seeds import recipes_with_seeds, seed_folders
from engine.report.paired_runs import why_not_compared
from engine.report.repeating import why_no_seeds
from engine.report.run_files import RunFiles
from engine.report.same_recipe import covers_of, differing
from engine.report.words import listed_in_words
from engine.system_support.finished_run import run_files
from engine.tracking.shown_metrics import short_name


def finished_seeds(folder: Path) -> dict[int, RunFiles]:
    """The finished runs in `seeds/<recipe>`, by seed. Raises UserError where one is damaged."""
    return {
        seed: run_files(f"{folder.name} with seed {seed}", path)
        for seed, path in seed_folders(folder).items()
        if (path / "metrics.json").is_file()
    }


def with_seeds(run: RunFiles, project: Project) -> RunFiles:
    """A finished run with those of its recipe's other seeds, where they are kept.

    Seeds that were trained with other values, data or code are not used, and a remark says so.
    Raises UserError where a file is damaged.
    """
    of = run.recipe.name
    found = finished_seeds(project.seeds(of))
    covers = covers_of(run.folder)
    differs = {seed: differing(covers, covers_of(one.folder)) for seed, one in found.items()}
    seeds = tuple(one for seed, one in found.items() if not differs[seed])
    apart = {seed: names for seed, names in differs.items() if names}
    return evolve(run, seeds=seeds if len(seeds) > 1 else (), remark=_remark(of, apart))


def lent_seeds(recipe: str, project: Project) -> RunFiles:
    """A recipe whose spread over seeds others borrow. Raises UserError where it has none."""
    seeds = tuple(finished_seeds(project.seeds(recipe)).values())
    if len(seeds) < 2:
        few = "1 seed is" if seeds else "no seeds are"
        why = f"{few} kept in seeds/{recipe}, and 2 lend a spread: cantus seeds {recipe}"
        known = (f"{name} ({number})" for name, number in recipes_with_seeds(project).items())
        raise UserError(
            f"--borrow {recipe}: {why_no_seeds(project, recipe) or why}. Recipes with seeds: "
            f"{listed([*known])}."
        )
    _require_one_recipe(recipe, seeds)
    return evolve(seeds[0], name=recipe, seeds=seeds)


def require_lends(lender: RunFiles, metric: str, ours: RunFiles, theirs: RunFiles) -> None:
    """Raise UserError where two runs are compared by a metric, and the lender's seeds are not."""
    if why_not_compared(metric, ours, theirs):
        return
    apart = (why_not_compared(metric, seed, theirs) for seed in lender.of_seeds)
    if why := next(filter(None, apart), None):
        raise UserError(
            f"{lender.name} cannot lend its spread of {short_name(metric)} to {theirs.name} and "
            f"{ours.name}: {why}. Without --borrow, these weights are compared."
        )


def _require_one_recipe(recipe: str, seeds: Sequence[RunFiles]) -> None:
    """Raise UserError where seeds were trained with different values, data or code."""
    first = covers_of(seeds[0].folder)
    for one in seeds[1:]:
        if differs := differing(first, covers_of(one.folder)):
            raise UserError(
                f"seeds/{recipe} holds seeds of different recipes: {seeds[0].name} and {one.name} "
                f"differ in {listed_in_words(differs)}. To train them again: cantus seeds {recipe}"
            )


def _remark(recipe: str, apart: Mapping[int, list[str]]) -> str:
    """A sentence on seeds of another recipe, or of other data or code."""
    if not apart:
        return ""
    names = dict.fromkeys(name for differs in apart.values() for name in differs)
    seeds = listed_in_words([*map(str, apart)], most=len(apart))
    return (
        f"seeds/{recipe} holds seeds of another recipe than this model's ({seeds}; what differs: "
        f"{listed_in_words([*names])}), which are not used. To train them again: cantus seeds "
        f"{recipe}"
    )
