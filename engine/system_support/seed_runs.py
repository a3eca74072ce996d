"""The runs of a recipe's kept seeds, for those who compare: with a model's, or lent to others."""

from collections.abc import Iterator

from attrs import evolve

from engine.errors import UserError
from engine.project import Project
from engine.recipe.faults import listed
from engine.report.kept_seeds import (
    KeptSeeds,
    kept_seeds,
    recipes_with_seeds,
    seeds_of_one,
    unlike,
)
from engine.report.paired_runs import why_not_compared
from engine.report.repeating import why_no_seeds
from engine.report.run_files import RunFiles
from engine.system_support.finished_run import run_files
from engine.tracking.shown_metrics import short_name


def finished_seeds(kept: KeptSeeds) -> dict[int, RunFiles]:
    """The finished runs among the seeds that count. Raises UserError where one is damaged."""
    return {
        seed: run_files(f"{kept.recipe} with seed {seed}", folder)
        for seed, folder in kept.finished.items()
    }


def with_seeds(run: RunFiles, project: Project) -> RunFiles:
    """A finished run with those of its recipe's other seeds, where they are kept.

    Seeds that were trained with other values, data or code, or measured otherwise, are not used.
    Remarks name them, and those that guards stopped. Raises UserError where a file is damaged.
    """
    kept = kept_seeds(project, run.recipe.name, unlike(run.folder))
    seeds = tuple(finished_seeds(kept).values())
    return evolve(
        run,
        seeds=seeds if len(seeds) > 1 else (),
        num_stopped=len(kept.stopped),
        remarks=tuple(_remarks(kept)),
    )


def lent_seeds(recipe: str, project: Project) -> RunFiles:
    """A recipe whose spread over seeds others borrow. Raises UserError where it has none."""
    kept = seeds_of_one(project, recipe)
    if kept.apart:
        raise UserError(
            f"--borrow {recipe}: seeds/{recipe} holds seeds of different recipes or units "
            f"({kept.of_apart}). To train them again: cantus seeds {recipe}"
        )
    seeds = tuple(finished_seeds(kept).values())
    if len(seeds) < 2:
        few = "1 finished seed is" if seeds else "no finished seeds are"
        why = f"{few} kept in seeds/{recipe}, and 2 lend a spread: cantus seeds {recipe}"
        known = (f"{name} ({number})" for name, number in recipes_with_seeds(project).items())
        raise UserError(
            f"--borrow {recipe}: {why_no_seeds(project, recipe) or why}. Recipes with seeds: "
            f"{listed([*known])}."
        )
    return evolve(
        seeds[0],
        name=recipe,
        seeds=seeds,
        num_stopped=len(kept.stopped),
        remarks=tuple(_remarks(kept)),
    )


def require_lends(lender: RunFiles, metric: str, ours: RunFiles, theirs: RunFiles) -> None:
    """Raise UserError where two runs are compared by a metric, and the lender's seeds are not.

    Where both were trained with several seeds, nothing is borrowed, which is refused as well.
    """
    if len(ours.of_seeds) > 1 and len(theirs.of_seeds) > 1:
        numbers = f"{len(theirs.of_seeds)} and {len(ours.of_seeds)}"
        raise UserError(
            f"--borrow {lender.name}: {theirs.name} and {ours.name} have seeds of their own "
            f"({numbers}), and a spread is borrowed only for a recipe with one seed. Leave out "
            "--borrow: they are compared over their own seeds."
        )
    if why_not_compared(metric, ours, theirs):
        return
    apart = (why_not_compared(metric, seed, theirs) for seed in lender.of_seeds)
    if why := next(filter(None, apart), None):
        raise UserError(
            f"{lender.name} cannot lend its spread of {short_name(metric)} to {theirs.name} and "
            f"{ours.name}: {why}. Without --borrow, these weights are compared."
        )


def _remarks(kept: KeptSeeds) -> Iterator[str]:
    """Sentences on seeds that guards stopped, and on those that are not used."""
    if kept.stopped:
        yield kept.of_stopped
    if kept.apart:
        yield (
            f"seeds/{kept.recipe} holds seeds of another recipe than this model's, or measured "
            f"otherwise ({kept.of_apart}), which are not used. To train them again: cantus seeds "
            f"{kept.recipe}"
        )
