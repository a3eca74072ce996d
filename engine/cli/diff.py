"""`cantus diff`: which of two recipes is better, and how they differ."""

import click

from engine.cli.answers.diff import DiffAnswer
from engine.cli.answers.differences import answer_departures, answer_since_last, answer_two
from engine.cli.compare_metrics import NO_DIFFERENCE, Figures, everything, missing, what_matters
from engine.cli.show.compared_recipes import (
    better_baselines,
    departures,
    figures_of,
    has_other_values,
    paired_models,
    remarks_on_seeds,
    since_last,
    trained_values,
)
from engine.cli.show.load import Loaded, load_project_recipe
from engine.cli.show.recipe_options import json_option
from engine.recipe import Change, diff_recipes, to_plain
from engine.recipe.faults import shown
from engine.recipe.read import read_layer
from engine.report.paired_runs import PairedRuns
from engine.report.paired_words import conclude
from engine.report.rivals import use_none
from engine.report.run_files import RunFiles
from engine.system_support.completing import names, recipes, runs
from engine.system_support.seed_runs import lent_seeds
from engine.terminal.columns import aligned, cell
from engine.terminal.say import say


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
      cantus diff audio_vae audio_vae_plus --borrow audio_vae_plus
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
        if lender is not None and loaded.recipe.name == other.recipe.name:
            raise click.UsageError("--borrow needs two recipes; A and B are forms of one.")
        lent = None if lender is None else lent_seeds(lender, loaded.project)
        if as_json:
            return answer_two(loaded, other, lent)
        _print_two(loaded, other, lent, all_)
    elif upstream:
        if as_json:
            return answer_departures(loaded)
        _print_departures(loaded)
    else:
        if as_json:
            return answer_since_last(loaded)
        _print_since_last(loaded, all_)
    return None


def _print_two(left: Loaded, right: Loaded, lender: RunFiles | None, all_: bool) -> None:
    names = left.recipe.name, right.recipe.name
    if names[0] == names[1]:  # two forms of one recipe have their metrics in common
        _print_values(left, right, (shown(left.path), shown(right.path)), True)
        return
    sides = figures_of(left), figures_of(right)
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
        which = f"{num_left:,} values and metrics" if num_left > 1 else "1 value or metric"
        say(f"\nThe rest, {which}: cantus diff {' '.join(names)} --all")


def _print_conclusion(left: Figures, right: Figures, lender: RunFiles | None) -> PairedRuns | None:
    """Say which of two finished models is better; nothing where there are not two."""
    paired = paired_models(left, right, lender)
    if paired is None or right.run is None:
        return None
    for sentence in conclude(paired, right.run.recipe.training.best):
        say(sentence)
    if instead := better_baselines(left, right):
        say(use_none(instead))
    for remark in remarks_on_seeds(left.run, right.run, lender):
        say(f"note: {remark}")
    say("")
    return paired


def _note_old_values(loaded: Loaded, side: Figures) -> None:
    """Say so where a model was trained with other values than its recipe has now."""
    if has_other_values(loaded, side):
        say(
            f"note: models/{side.recipe} was trained with other values than its recipe has "
            f"now: cantus diff {side.recipe} --last\n"
        )


def _print_values(left: Loaded, right: Loaded, titles: tuple[str, str], all_: bool) -> int:
    """Print the values that differ, of those that are trained with or of all; how many are left."""
    changes = diff_recipes(to_plain(left.recipe), to_plain(right.recipe))
    trained = diff_recipes(*(trained_values(one) for one in (left, right)))
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
    path, last, present = since_last(loaded)
    changes = diff_recipes(read_layer(path).values, to_plain(loaded.recipe))
    _print_changes(changes, last.title, present.title)
    absent = missing(loaded.project, (last, present))
    if absent:
        say(f"\n{absent}")
    else:
        _print_metrics(last, present, None, all_)


def _print_departures(loaded: Loaded) -> None:
    setup, recipe, changes = departures(loaded)
    _print_changes(changes, *(shown(path) for path in (setup, recipe)))


def _print_changes(changes: list[Change], left: str, right: str) -> None:
    if not changes:
        say("No value differs.")
        return
    rows = [("", left, right)]
    rows += [(change.path, cell(change.left), cell(change.right)) for change in changes]
    for line in aligned(rows):
        say(line)
