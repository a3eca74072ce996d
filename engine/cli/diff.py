"""`cantus diff`: which of two recipes is better, and how they differ."""

from pathlib import Path
from typing import Any

import click

from engine.cli.answers.diff import (
    DiffAnswer,
    Side,
    changed,
    comparisons,
    figure_pairs,
    side_of,
    side_without_figures,
)
from engine.cli.compare_metrics import NO_DIFFERENCE, Figures, everything, missing, what_matters
from engine.cli.show.load import Loaded, load_project_recipe
from engine.cli.show.recipe_options import json_option
from engine.errors import UserError
from engine.listening.figures import identity_of, listening_metrics
from engine.recipe import Change, diff_recipes, load_recipe, to_plain
from engine.recipe.faults import listed, shown
from engine.recipe.lineage import plain_recipe, profile_of
from engine.recipe.read import read_layer
from engine.report.history import History
from engine.report.paired_runs import PairedRuns, compare_runs
from engine.report.paired_words import conclude
from engine.report.rivals import rivals, use_none
from engine.report.run_files import RunFiles
from engine.system_support.completing import names, recipes, runs
from engine.system_support.discovery import recipe_classes
from engine.system_support.finished_run import run_files
from engine.system_support.seed_runs import lent_seeds, with_seeds
from engine.terminal.columns import aligned, cell
from engine.terminal.say import say
from engine.tracking.run_command import how_to_train


@click.command()
@click.argument("left", metavar="A", shell_complete=names(recipes, runs, files=True))
@click.argument(
    "right", metavar="[B]", required=False, shell_complete=names(recipes, runs, files=True)
)
@click.option("--upstream", is_flag=True, help="Compare A with the published setup it follows.")
@click.option("--last", is_flag=True, help="Compare A with its last finished model.")
@click.option(
    "--borrow",
    "lender",
    metavar="RECIPE",
    shell_complete=names(recipes),
    help="Take the spread over seeds from RECIPE, for a recipe with one seed.",
)
@click.option("--all", "all_", is_flag=True, help="List every value and every metric.")
@json_option
def command(
    left: str,
    right: str | None,
    upstream: bool,
    last: bool,
    lender: str | None,
    all_: bool,
    as_json: bool,
) -> DiffAnswer | None:
    """Compare two recipes: which is better, and how they differ.

    If both are trained, their models are compared clip by clip: first comes which is better and by
    how much, and which untrained baselines beat both, then the values that affect training, then
    the most important metrics. With seeds of both (`cantus seeds`) the comparison is of the
    recipes, over seeds and clips; with seeds of one, the other borrows its spread, which is said;
    otherwise it is of these weights. --borrow takes the spread of a third recipe.

    A recipe is given by name, and compared under the profile of params.toml, or by path. --upstream
    compares the recipe as written, not its demo. --last compares the metrics of the last finished
    model with the current metrics file.

    \b
    Examples:
      cantus diff audio_vae audio_vae_plus     which is better, and possible reasons
      cantus diff audio_vae audio_vae_plus --all
      cantus diff audio_vae longer --borrow audio_vae_plus
      cantus diff audio_vae --upstream         every difference from the published setup
      cantus diff recipes/audio_vae.toml recipes/demo/audio_vae.toml
      cantus diff audio_vae --last             what changed since models/audio_vae was trained
    """
    if (right is not None) + upstream + last != 1:
        raise click.UsageError("Give a second recipe, --upstream or --last: one of the three.")
    if lender is not None and right is None:
        raise click.UsageError("--borrow needs a second recipe.")
    loaded = load_project_recipe(left)
    if right is not None:
        other = load_project_recipe(right)
        lent = None if lender is None else lent_seeds(lender, loaded.project)
        if as_json:
            return _answer_two(loaded, other, lent)
        _print_two(loaded, other, lent, all_)
    elif upstream:
        if as_json:
            return _answer_departures(loaded)
        _print_departures(loaded)
    else:
        if as_json:
            return _answer_since_last(loaded)
        _print_since_last(loaded, all_)
    return None


def _print_two(left: Loaded, right: Loaded, lender: RunFiles | None, all_: bool) -> None:
    names = left.recipe.name, right.recipe.name
    if names[0] == names[1]:  # two forms of one recipe have their metrics in common
        _print_values(left, right, (shown(left.path), shown(right.path)), True)
        return
    sides = _figures(left), _figures(right)
    absent = missing(left.project, sides)
    paired = _print_conclusion(*sides, lender)
    _note_old_values(left, sides[0])
    _note_old_values(right, sides[1])
    num_left = _print_values(left, right, names, all_)
    if absent:
        say(f"\n{absent}")
    else:
        num_left += _print_metrics(*sides, paired, all_)
    if num_left:
        say(f"\nThe rest, {num_left:,} values and metrics: cantus diff {' '.join(names)} --all")


def _print_conclusion(left: Figures, right: Figures, lender: RunFiles | None) -> PairedRuns | None:
    """Say which of two finished models is better; nothing where there are not two."""
    paired = _paired(left, right, lender)
    if paired is None or right.run is None:
        return None
    for sentence in conclude(paired, right.run.recipe.training.best):
        say(sentence)
    if instead := _instead(left, right):
        say(use_none(instead))
    for run in (left.run, right.run):
        if run is not None and run.remark:
            say(f"note: {run.remark}")
    say("")
    return paired


def _paired(left: Figures, right: Figures, lender: RunFiles | None) -> PairedRuns | None:
    """Two finished models compared, the right one as ours; None where there are not two."""
    if left.run is None or right.run is None:
        return None
    return compare_runs(right.run, left.run, lender)


def _instead(left: Figures, right: Figures) -> list[str]:
    """Untrained baselines that are better than both models."""
    if left.run is None or right.run is None:
        return []
    return [name for name in _rivals(left.run) if name in _rivals(right.run)]


def _rivals(run: RunFiles) -> list[str]:
    """Untrained baselines that are better than a run, where it keeps its events."""
    is_kept = (run.folder / "events.jsonl").is_file()
    return rivals(History.of(run.folder), run.recipe) if is_kept else []


def _note_old_values(loaded: Loaded, side: Figures) -> None:
    """Say so where a model was trained with other values than its recipe has now."""
    if _has_other_values(loaded, side):
        say(
            f"note: models/{side.recipe} was trained with other values than its recipe has "
            f"now: cantus diff {side.recipe} --last\n"
        )


def _has_other_values(loaded: Loaded, side: Figures) -> bool:
    if side.run is None:
        return False
    return to_plain(side.run.recipe, identity_only=True) != _trained_values(loaded)


def _trained_values(loaded: Loaded) -> dict[str, Any]:
    return to_plain(loaded.recipe, identity_only=True)


def _print_values(left: Loaded, right: Loaded, titles: tuple[str, str], all_: bool) -> int:
    """Print the values that differ, of those that are trained with or of all; how many are left."""
    changes = diff_recipes(to_plain(left.recipe), to_plain(right.recipe))
    trained = diff_recipes(*(_trained_values(one) for one in (left, right)))
    paths = {change.path for change in trained} - {"name"}
    printed = changes if all_ else [change for change in changes if change.path in paths]
    _print_changes(printed, *titles)
    for title, loaded in zip(titles, (left, right), strict=True):
        _print_demo_settings(loaded, title)
    named = sum(change.path == "name" for change in changes)
    return 0 if all_ else len(changes) - named - len(printed)


def _print_demo_settings(loaded: Loaded, title: str) -> None:
    """What the losses of a demo have in place of its recipe's."""
    settings = loaded.demo_settings
    if settings is not None:
        say(f"{title}: {settings}")


def _print_metrics(left: Figures, right: Figures, paired: PairedRuns | None, all_: bool) -> int:
    """Print the figures that matter, or all; how many are left."""
    rest = [*everything(left, right)]
    matter = [*what_matters(left, right, paired)]
    for line in ["", *(rest if all_ else matter)]:
        say(line)
    if all_ and paired is not None:
        _print_left_out(paired)
    elif paired is not None and paired.compared:
        say(
            f"Differences are {paired.ours} minus {paired.theirs}. One with an interval is the "
            "mean over the clips, and over the seeds where there are several; it may differ from "
            "the difference of the two values."
        )
    num_rows = sum(not line.startswith(NO_DIFFERENCE) for line in matter)
    return 0 if all_ else max(0, len(rest) - num_rows)


def _print_left_out(paired: PairedRuns) -> None:
    """Why metrics are not compared clip by clip, the same reason once."""
    reasons: dict[str, list[str]] = {}
    for metric, why in paired.left_out.items():
        reasons.setdefault(why, []).append(metric)
    for line in (
        f"Not compared clip by clip: {', '.join(metrics)}: {why}."
        for why, metrics in reasons.items()
    ):
        say(line)


def _print_since_last(loaded: Loaded, all_: bool) -> None:
    path, last, present = _since_last(loaded)
    changes = diff_recipes(read_layer(path).values, to_plain(loaded.recipe))
    _print_changes(changes, last.title, present.title)
    absent = missing(loaded.project, (last, present))
    if absent:
        say(f"\n{absent}")
    else:
        _print_metrics(last, present, None, all_)


def _since_last(loaded: Loaded) -> tuple[Path, Figures, Figures]:
    """The values of the last finished model, its figures, and the present ones."""
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


def _figures(loaded: Loaded) -> Figures:
    """The metrics of a recipe's finished model, or DVC's where there is none."""
    project, name = loaded.project, loaded.recipe.name
    own = project.model(name) / "metrics.json"
    if not (own.is_file() and own.with_name("recipe.toml").is_file()):
        return Figures(recipe=name, file=project.metrics(name), title=name)
    listened = listening_metrics(project, name, identity_of(own.parent))
    run = with_seeds(run_files(name, own.parent), project)
    return Figures(recipe=name, file=own, title=name, run=run, listened=listened)


def _print_departures(loaded: Loaded) -> None:
    setup, recipe, changes = _departures(loaded)
    _print_changes(changes, *(shown(path) for path in (setup, recipe)))


def _departures(loaded: Loaded) -> tuple[Path, Path, list[Change]]:
    """The published setup that a recipe follows, the recipe, and what changes what is learned.

    A demo has networks of its own, so the recipe as written is compared.
    """
    written = loaded.path
    if profile_of(written) is not None:
        written = plain_recipe(written)
    recipe = load_recipe(written, classes=recipe_classes())
    name = recipe.upstream
    if name is None:
        folder = loaded.project.upstream("any").parent
        known = listed(sorted(path.stem for path in folder.glob("*.toml")))
        raise UserError(
            f"{recipe.name} names no published setup. Set 'upstream' in it (one of: {known})."
        )
    file = loaded.project.upstream(name)
    setup = load_recipe(file, classes=recipe_classes())
    published, ours = (to_plain(one, identity_only=True) for one in (setup, recipe))
    return file, written, diff_recipes(published, ours | {"name": published["name"]})


def _print_changes(changes: list[Change], left: str, right: str) -> None:
    if not changes:
        say("No value differs.")
        return
    rows = [("", left, right)]
    rows += [(change.path, cell(change.left), cell(change.right)) for change in changes]
    for line in aligned(rows):
        say(line)


def _answer_two(left: Loaded, right: Loaded, lender: RunFiles | None) -> DiffAnswer:
    changes = diff_recipes(to_plain(left.recipe), to_plain(right.recipe))
    trained = diff_recipes(*(_trained_values(one) for one in (left, right)))
    values = changed(changes, {change.path for change in trained} - {"name"})
    if left.recipe.name == right.recipe.name:
        sides = [
            side_without_figures(shown(one.path), one.recipe.name, one.path)
            for one in (left, right)
        ]
        return DiffAnswer(kind="forms", left=sides[0], right=sides[1], values=values)
    figures = _figures(left), _figures(right)
    absent = missing(left.project, figures)
    paired = _paired(*figures, lender)
    best = right.recipe.training.best
    return DiffAnswer(
        kind="recipes",
        left=_side(left, figures[0]),
        right=_side(right, figures[1]),
        decided_by=None if paired is None else best,
        sentences=() if paired is None else tuple(conclude(paired, best)),
        use_instead=tuple(_instead(*figures)),
        values=values,
        comparisons=tuple(comparisons(paired)),
        figures=() if absent else tuple(figure_pairs(*figures)),
        missing=absent,
    )


def _side(loaded: Loaded, figures: Figures) -> Side:
    other_values = _has_other_values(loaded, figures)
    return side_of(figures, loaded.path, other_values=other_values, demo=loaded.demo_settings)


def _answer_departures(loaded: Loaded) -> DiffAnswer:
    setup, recipe, changes = _departures(loaded)
    left, right = (side_without_figures(shown(path), path.stem, path) for path in (setup, recipe))
    values = changed(changes, {change.path for change in changes})
    return DiffAnswer(kind="upstream", left=left, right=right, values=values)


def _answer_since_last(loaded: Loaded) -> DiffAnswer:
    path, last, present = _since_last(loaded)
    changes = diff_recipes(read_layer(path).values, to_plain(loaded.recipe))
    then = load_recipe(path, classes=recipe_classes())
    trained = diff_recipes(to_plain(then, identity_only=True), _trained_values(loaded))
    absent = missing(loaded.project, (last, present))
    return DiffAnswer(
        kind="last",
        left=side_of(last, path, other_values=bool(trained)),
        right=side_of(present, loaded.path, other_values=False),
        values=changed(changes, {change.path for change in trained} - {"name"}),
        figures=() if absent else tuple(figure_pairs(last, present)),
        missing=absent,
    )
