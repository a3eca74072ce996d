"""`cantus bisect`: which lines of a recipe made the result worse."""

import shlex
import sys
from typing import TYPE_CHECKING

import click

from engine.cli.show.load import Loaded, load_project_recipe
from engine.cli.show.recipe_options import json_option
from engine.errors import UserError
from engine.system_support.completing import names as completing
from engine.system_support.completing import recipes, runs
from engine.terminal.say import say

if TYPE_CHECKING:
    from engine.cli.answers.bisect import BisectAnswer
    from engine.sweeps.bisection.search import Search
    from engine.sweeps.bisection.sentences import Asked

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
        raise UserError("--json asks nothing: give --yes as well.")
    sides = load_project_recipe(good), load_project_recipe(bad)
    asked, search = _prepared(sides, steps, num_seeds, budget_runs, metric)
    _print_plan(asked, search, sides)
    if not yes:
        click.confirm("Begin?", abort=True)
    search.run()
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
    loaded, names = sides[0], (_title(sides[0]), _title(sides[1]))
    metric = metric or good.training.best
    lowest = require_comparable(good, bad, metric)
    lines, left_out = {line.name: line for line in lines_of(good, bad)}, not_tested(good, bad)
    require_lines(names, [*lines], left_out)
    require_pinned(good, loaded.path, loaded.project)
    require_corpus(loaded)
    asked = Asked(names[0], names[1], metric, steps, lines, left_out)
    folder = loaded.project.root / "build" / "bisect" / f"{good.name}-{bad.name}"
    oracle = Trainings(
        loaded.project, loaded.params, loaded.path, good, lines, steps, metric, folder
    )
    trials = Trials(oracle, lowest, num_seeds, loaded.params.seed, budget_runs, _inform)
    return asked, Search([*lines], trials)


def _title(loaded: Loaded) -> str:
    """A recipe's name; of a form of a recipe, or a run, its file."""
    from engine.recipe.faults import shown

    return loaded.recipe.name if loaded.path.stem == loaded.recipe.name else shown(loaded.path)


def _inform(sentence: str) -> None:
    say(sentence, err=True)


def _print_plan(asked: "Asked", search: "Search", sides: tuple[Loaded, Loaded]) -> None:
    """Say what the search will take. Raises UserError where one side cannot be trained."""
    from engine.report.words import duration
    from engine.sweeps.bisection.plan import plan_of, require_same_clips
    from engine.sweeps.bisection.trainings import Trainings
    from engine.sweeps.cost import seconds_of

    trials, loaded = search.trials, sides[0]
    assert isinstance(trials.oracle, Trainings), "it trains here"
    good, bad = (trials.oracle.recipe_of(lines) for lines in ((), asked.lines))
    require_same_clips(good, bad, loaded.project, loaded.params)
    plan = plan_of(len(asked.lines), trials.num_seeds, trials.most_runs)
    each = max(seconds_of([good, bad], loaded.project, loaded.params))
    _inform(f"{len(asked.lines)} lines differ and are tried, by {asked.metric}:")
    for line in asked.lines.values():
        _inform(f"  {line.said}")
    _inform(
        f"At least {plan.least:,} and at most {plan.most:,} runs of {asked.steps:,} steps, "
        f"{trials.num_seeds} seeds at most for each recipe; {plan.one_at_a_time:,} runs would try "
        "each line alone."
    )
    _inform(
        f"A run takes about {duration(each)} of steps and evaluations, so at least "
        f"{duration(plan.least * each)} and at most {duration(plan.most * each)}; preflight, "
        "baselines and export come on top of each. What is trained already is not trained again."
    )


def _conclude(
    asked: "Asked", search: "Search", loaded: Loaded, *, as_json: bool
) -> "BisectAnswer | None":
    """Write and print the result. Raises UserError where the bad recipe is not worse."""
    from engine.cli.answers.bisect import bisect_answer
    from engine.sweeps.bisection.sentences import why_refused

    refused = why_refused(asked, search)
    if refused is not None:
        raise UserError(refused)
    page = loaded.project.root / "build" / "bisect" / f"{loaded.recipe.name}-{asked.bad}.html"
    answer = bisect_answer(asked, search, page.relative_to(loaded.project.root).as_posix())
    _write(answer)
    if as_json:
        return answer
    for sentence in answer.sentences:
        say(sentence)
    say(f"{answer.num_runs:,} runs. Written: {answer.page}")
    return None


def _write(answer: "BisectAnswer") -> None:
    """Write the page, and the JSON beside it."""
    from engine.cli.answers.answer import as_json
    from engine.files.atomic import write_atomically
    from engine.project import find_project
    from engine.sweeps.bisection.lines import shown
    from engine.sweeps.written import table_page

    page = find_project().root / answer.page
    rows = [[one.name, shown(one.good), shown(one.bad), one.verdict] for one in answer.lines]
    table = [["line", answer.good, answer.bad, ""], *rows]
    kinds = [one.verdict for one in answer.lines]
    title, made = f"{answer.bad} against {answer.good}", shlex.join(["cantus", *sys.argv[1:]])
    page.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(page, table_page("bisection", title, answer.sentences, table, kinds, made))
    write_atomically(page.with_suffix(".json"), as_json(answer))
