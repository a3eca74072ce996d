"""`cantus bisect`: which lines of a recipe made the result worse."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from engine.cli.show.load import Loaded, load_project_recipe
from engine.cli.show.recipe_options import json_option
from engine.errors import UserError
from engine.files.lock import locked
from engine.files.safe_names import file_name
from engine.system_support.completing import names as completing
from engine.system_support.completing import recipes, runs
from engine.terminal.say import say

if TYPE_CHECKING:
    from engine.cli.answers.bisect import BisectAnswer
    from engine.recipe import Recipe
    from engine.sweeps.bisection.search import Search
    from engine.sweeps.bisection.sentences import Asked
    from engine.sweeps.bisection.trainings import Trainings

_LONGEST = 60
"""The characters of a title, its last, that name files."""
_completed = completing(recipes, runs, files=True)


@click.command()
@click.argument("good", shell_complete=_completed)
@click.argument("bad", shell_complete=_completed)
@click.option(
    "--steps",
    default=100,
    show_default=True,
    type=click.IntRange(1),
    help="Optimizer steps of each run. The verdict holds for so many.",
)
@click.option(
    "--seeds",
    "num_seeds",
    default=6,
    show_default=True,
    type=click.IntRange(2, 100),
    help="Most seeds of a mixed recipe; up to twice as many more confirm an accusation.",
)
@click.option(
    "--budget-runs",
    default=150,
    show_default=True,
    type=click.IntRange(4),
    help="Most runs in all.",
)
@click.option("--metric", help="Metric to compare by.  [default: training.best of GOOD]")
@click.option("--yes", is_flag=True, help="Begin without asking.")
@json_option
def command(
    good: str,
    bad: str,
    steps: int,
    num_seeds: int,
    budget_runs: int,
    metric: str | None,
    yes: bool,
    as_json: bool,
) -> "BisectAnswer | None":
    """Find which lines of BAD make its result worse than that of GOOD, by short runs.

    GOOD and BAD are recipes, or runs of them, of one system. Mixed recipes, GOOD with some lines
    of BAD, are trained for a few steps and compared with GOOD: delta debugging halves the lines,
    and a recipe is tried with another seed only while it is undecided. Lines that are found are
    confirmed with seeds that the search has not used. Lines that are worse only together are found
    as such. Runs that are done are kept: Ctrl-C stops, and the same command goes on.

    A line that matters only later in training is not found by short runs.

    \b
    Examples:
      cantus bisect audio_vae_plus audio_vae
      cantus bisect audio_vae_plus audio_vae --steps 200 --seeds 10 --budget-runs 300
      cantus bisect audio_vae_plus audio_vae --yes --json
    """
    if as_json and not yes:
        raise UserError("--json cannot ask whether to begin. Give --yes as well.")
    sides = load_project_recipe(good), load_project_recipe(bad)
    asked, search = _prepared(sides, steps, num_seeds, budget_runs, metric)
    if not yes and not sys.stdin.isatty():
        raise UserError("Standard input is no terminal, so that nobody can answer. Give --yes.")
    with _alone(asked, search):
        _print_plan(asked, search)
        _require_trainable(asked, search, sides[0])
        if not yes:
            _print_time(asked, search)
            click.confirm("Begin?", abort=True)
        _run(search)
        return _conclude(asked, search, sides[0], as_json=as_json)


def _prepared(
    sides: tuple[Loaded, Loaded], steps: int, num_seeds: int, budget_runs: int, metric: str | None
) -> "tuple[Asked, Search]":
    """The search. Raises UserError where there is nothing to search for, before torch is loaded."""
    from engine.cli.show.load_run import require_corpus
    from engine.sweeps.bisection.lines import lines_of, not_tested
    from engine.sweeps.bisection.plan import require_comparable, require_lines
    from engine.sweeps.bisection.search import Search
    from engine.sweeps.bisection.sentences import Asked
    from engine.sweeps.bisection.trainings import Trainings
    from engine.sweeps.bisection.trials import Trials
    from engine.sweeps.points import require_pinned

    good, bad = (one.recipe for one in sides)
    loaded, names = sides[0], _titles(sides)
    metric = metric or good.training.best
    lowest = require_comparable(good, bad, metric)
    lines, left_out = {line.name: line for line in lines_of(good, bad)}, not_tested(good, bad)
    require_lines(names, [*lines], left_out)
    require_pinned(good, loaded.path, loaded.project)
    require_corpus(loaded)
    asked = Asked(names[0], names[1], metric, steps, lines, left_out)
    folder = loaded.project.root / "build" / "bisect" / "-".join(map(_stem, names))
    oracle = Trainings(
        loaded.project, loaded.params, loaded.path, good, lines, steps, metric, folder
    )
    called = {frozenset[str](): names[0], frozenset(lines): names[1]}
    trials = Trials(oracle, lowest, num_seeds, loaded.params.seed, budget_runs, _inform, called)
    return asked, Search([*lines], trials)


def _titles(sides: tuple[Loaded, Loaded]) -> tuple[str, str]:
    """How sentences call the two: by their files where they would have one name."""
    from engine.recipe.faults import shown

    good, bad = (_title(one) for one in sides)
    if good == bad and sides[0].path.resolve() != sides[1].path.resolve():
        return shown(sides[0].path), shown(sides[1].path)
    return good, bad


def _title(loaded: Loaded) -> str:
    """A recipe's name; of a form of a recipe, or a run, its file."""
    from engine.recipe.faults import shown

    return loaded.recipe.name if loaded.path.stem == loaded.recipe.name else shown(loaded.path)


def _stem(title: str) -> str:
    """A title as part of a file's name: `recipes_demo_words` of `recipes/demo/words.toml`."""
    return file_name(title.removesuffix(".toml")[-_LONGEST:])


@contextmanager
def _alone(asked: "Asked", search: "Search") -> Iterator[None]:
    """Hold the search's folder. Raises UserError where another process searches there."""
    folder = _trainings(search).folder
    busy = (
        f"Another `cantus bisect` of {asked.good} and {asked.bad} is running: it holds {folder}. "
        "Wait for it, or stop it and give this command again: finished runs are kept."
    )
    with locked(folder, busy):
        yield


def _inform(sentence: str) -> None:
    say(sentence, err=True)


def _print_plan(asked: "Asked", search: "Search") -> None:
    """Say at once, before torch is loaded, what is searched, and how many runs that takes."""
    from engine.sweeps.bisection.plan import plan_of
    from engine.sweeps.bisection.search import least_seeds

    trials, least = search.trials, least_seeds()
    many = len(asked.lines)
    differ = "1 line differs and is tried" if many == 1 else f"{many} lines differ and are tried"
    _inform(f"{differ}, by {asked.metric}:")
    for line in asked.lines.values():
        _inform(f"  {line.said}")
    plan = plan_of(len(asked.lines), trials.num_seeds, trials.most_runs)
    each = f"Each of {asked.steps:,} steps, with {trials.num_seeds} seeds at most for each recipe."
    _inform(f"{plan.said} {each}")
    if trials.num_seeds < least:
        _inform(
            f"warning: with --seeds {trials.num_seeds}, runs that a guard stops can never be shown "
            f"to be worse, even if all of them are stopped: --seeds {least} at least can show it"
        )


def _require_trainable(asked: "Asked", search: "Search", loaded: Loaded) -> None:
    """Raise UserError where one side cannot be trained, or they are evaluated on other clips."""
    from engine.sweeps.bisection.plan import require_same_clips

    _inform("comparing their evaluation clips ...")
    require_same_clips(*_sides(asked, search), loaded.project, loaded.params)


def _sides(asked: "Asked", search: "Search") -> "tuple[Recipe, Recipe]":
    """Both recipes, for short runs."""
    oracle = _trainings(search)
    return oracle.recipe_of(()), oracle.recipe_of(asked.lines)


def _trainings(search: "Search") -> "Trainings":
    from engine.sweeps.bisection.trainings import Trainings

    assert isinstance(search.trials.oracle, Trainings), "it trains here"
    return search.trials.oracle


def _print_time(asked: "Asked", search: "Search") -> None:
    """Say how long the search may take."""
    from engine.report.words import duration
    from engine.sweeps.bisection.plan import plan_of
    from engine.sweeps.bisection.step_time import seconds_of_runs

    trials = search.trials
    plan = plan_of(len(asked.lines), trials.num_seeds, trials.most_runs)
    each = max(seconds_of_runs(_trainings(search), _sides(asked, search), _inform))
    _inform(
        f"A run takes about {duration(each)} of steps and evaluations, so at least "
        f"{duration(plan.least * each)} and at most {duration(plan.most * each)}; preflight, "
        "baselines and export come on top of each. What is trained already is not trained again."
    )


def _run(search: "Search") -> None:
    """Search; where a signal or an error ends that, say how to go on."""
    try:
        search.run()
    except (KeyboardInterrupt, SystemExit, UserError):
        _inform(
            "bisect did not finish. The same command continues with the run that was being "
            "trained; runs that have their result are kept."
        )
        raise


def _conclude(
    asked: "Asked", search: "Search", loaded: Loaded, *, as_json: bool
) -> "BisectAnswer | None":
    """Write and print the result. Raises UserError where the bad recipe is not worse."""
    from engine.cli.answers.bisect import bisect_answer
    from engine.cli.show.bisection import num_tried, write
    from engine.sweeps.bisection.sentences import why_refused

    refused = why_refused(asked, search)
    if refused is not None:
        raise UserError(refused)
    folder = _trainings(search).folder
    page = folder.with_name(f"{folder.name}.html")
    answer = bisect_answer(asked, search, page.relative_to(loaded.project.root).as_posix())
    write(answer, loaded.project)
    if as_json:
        return answer
    for sentence in answer.sentences:
        say(sentence)
    say(f"{num_tried(answer)}. Written: {answer.page}")
    return None
