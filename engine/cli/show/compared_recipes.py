"""What `cantus diff` compares: two recipes, a recipe and what it follows, or what it was."""

from pathlib import Path
from typing import Any

from engine.cli.compare_metrics import Figures
from engine.cli.show.load import Loaded
from engine.errors import UserError
from engine.listening.figures import identity_of, listening_metrics
from engine.recipe import Change, diff_recipes, load_recipe, to_plain
from engine.recipe.faults import listed
from engine.recipe.lineage import plain_recipe, profile_of
from engine.report.history import History
from engine.report.paired_runs import PairedRuns, compare_runs
from engine.report.rivals import rivals
from engine.report.run_files import RunFiles
from engine.system_support.discovery import recipe_classes
from engine.system_support.finished_run import run_files
from engine.system_support.seed_runs import require_lends, with_seeds
from engine.tracking.run_command import how_to_train


def paired_models(left: Figures, right: Figures, lender: RunFiles | None) -> PairedRuns | None:
    """Two finished models compared, the right one as ours; None where there are not two.

    Raises UserError where a lender is given that cannot lend its spread to them.
    """
    if left.run is None or right.run is None:
        return None
    if lender is not None:
        require_lends(lender, right.run.recipe.training.best, right.run, left.run)
    return compare_runs(right.run, left.run, lender)


def remarks_on_seeds(*runs: RunFiles | None) -> list[str]:
    """What to know of the seeds of the compared and of the one that lends its spread."""
    return list(dict.fromkeys(remark for run in runs if run for remark in run.remarks))


def better_baselines(left: Figures, right: Figures) -> list[str]:
    """Untrained baselines that are better than both models."""
    if left.run is None or right.run is None:
        return []
    return [name for name in _rivals(left.run) if name in _rivals(right.run)]


def _rivals(run: RunFiles) -> list[str]:
    """Untrained baselines that are better than a run, where it keeps its events."""
    is_kept = (run.folder / "events.jsonl").is_file()
    return rivals(History.of(run.folder), run.recipe) if is_kept else []


def has_other_values(loaded: Loaded, side: Figures) -> bool:
    """Whether a model was trained with other values than its recipe has now."""
    if side.run is None:
        return False
    return to_plain(side.run.recipe, identity_only=True) != trained_values(loaded)


def trained_values(loaded: Loaded) -> dict[str, Any]:
    """The values of a recipe that affect training."""
    return to_plain(loaded.recipe, identity_only=True)


def departures(loaded: Loaded) -> tuple[Path, Path, list[Change]]:
    """The published setup that a recipe follows, the recipe, and what changes what is learned.

    A demo has networks of its own, so the recipe as written is compared. Raises UserError where the
    recipe names no published setup.
    """
    written = loaded.path
    if profile_of(written) is not None:
        written = plain_recipe(written)
    recipe = load_recipe(written, classes=recipe_classes())
    name = recipe.upstream
    if name is None:
        folder = loaded.project.upstream("any").parent
        known = sorted(path.stem for path in folder.glob("*.toml"))
        raise UserError(
            f"{recipe.name} names no published setup. Set 'upstream' in it (one of: "
            f"{listed(known)}).",
            known,
        )
    file = loaded.project.upstream(name)
    setup = load_recipe(file, classes=recipe_classes())
    published, ours = (to_plain(one, identity_only=True) for one in (setup, recipe))
    return file, written, diff_recipes(published, ours | {"name": published["name"]})


def since_last(loaded: Loaded) -> tuple[Path, Figures, Figures]:
    """The file of the last finished model's values, its figures, and the present ones.

    Raises UserError where there is no finished model.
    """
    project, name = loaded.project, loaded.recipe.name
    path = project.model(name) / "recipe.toml"
    if not path.is_file():
        raise UserError(
            f"{name} has no finished model: there is no "
            f"{path.relative_to(project.root)}. Train it: {how_to_train(project, name)}"
        )
    run = run_files(name, path.parent)
    last = Figures(recipe=name, file=path.with_name("metrics.json"), title="last trained", run=run)
    return path, last, Figures(recipe=name, file=project.metrics(name), title="now")


def figures_of(loaded: Loaded) -> Figures:
    """The metrics of a recipe's finished model, or DVC's where there is none."""
    project, name = loaded.project, loaded.recipe.name
    own = project.model(name) / "metrics.json"
    if not (own.is_file() and own.with_name("recipe.toml").is_file()):
        return Figures(recipe=name, file=project.metrics(name), title=name)
    listened = listening_metrics(project, name, identity_of(own.parent))
    run = with_seeds(run_files(name, own.parent), project)
    return Figures(recipe=name, file=own, title=name, run=run, listened=listened)
