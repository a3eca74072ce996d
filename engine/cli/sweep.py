"""`cantus sweep`: a recipe with several values and seeds, and which are better."""

import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from engine.cli.show.load import Loaded, load_project_recipe
from engine.cli.show.recipe_options import recipe_argument
from engine.errors import UserError
from engine.system_support.completing import settings
from engine.terminal.say import say

if TYPE_CHECKING:
    from engine.sweeps.sweep import Sweep

MOST_POINTS = 200


@click.command()
@recipe_argument
@click.option(
    "-S",
    "--set",
    "given",
    multiple=True,
    shell_complete=settings,
    metavar="KEY=V1,V2,...",
    help="Values of a setting: a list, linear(low,high,n) or log(low,high,n).",
)
@click.option(
    "--seeds",
    "num_seeds",
    default=1,
    show_default=True,
    type=click.IntRange(1, 100),
    help="Number of seeds to train each point with, from the seed of params.toml on.",
)
@click.option(
    "--random",
    "num_random",
    type=click.IntRange(1, MOST_POINTS),
    help="Train this number of random points instead of all combinations.",
)
@click.option(
    "--draw", default=1, show_default=True, metavar="SEED", type=int, help="Seed of --random."
)
@click.option(
    "--jobs",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Number of runs at the same time.",
)
@click.option("--yes", is_flag=True, help="Begin without asking.")
@click.option(
    "--results", "only_results", is_flag=True, help="Train nothing; show the results there are."
)
def command(
    recipe: str,
    given: tuple[str, ...],
    num_seeds: int,
    num_random: int | None,
    draw: int,
    jobs: int,
    yes: bool,
    only_results: bool,
) -> None:
    """Train RECIPE with several values, and compare each with RECIPE as it is.

    Every run is a DVC experiment, trained by DVC's queue in a separate folder: nothing of RECIPE's
    is replaced. Ctrl-C stops; the same command continues with the runs without a result. The
    table has the best point first, by the metric of training.best, with the interval of its
    difference: over seeds and clips with --seeds 2 or more, else over clips alone. A setting with
    one value holds for all points, RECIPE's included.

    \b
    Examples:
      cantus sweep audio_vae_plus -S training.batch_size=32,64,128
      cantus sweep audio_vae_plus -S "optimizer.autoencoder.learning_rate=log(1e-3,1e-2,4)" \\
          -S training.steps=100 --seeds 3
      cantus sweep audio_vae_plus -S "losses.commitment=linear(0,1,5)" --random 8 --draw 7 --jobs 2
    """
    from engine.sweeps.choices import drawn, grid, read_choice
    from engine.sweeps.points import points_of, require_pinned
    from engine.sweeps.sweep import Sweep

    loaded = load_project_recipe(recipe)
    if loaded.run is not None:
        raise UserError(f"{recipe} is a run, not a recipe: sweep over the recipe it is of.")
    choices = [read_choice(one) for one in given]
    fixed = {one.key: one.values[0] for one in choices if one.is_fixed}
    choices = [one for one in choices if not one.is_fixed]
    values = (
        []
        if not choices
        else [*(grid(choices) if num_random is None else drawn(choices, num_random, draw))]
    )
    if len(values) > MOST_POINTS:
        raise UserError(
            f"These are {len(values):,} points; at most {MOST_POINTS} are trained. Give fewer "
            "values, or draw some: --random 20."
        )
    if num_seeds > 1:
        require_pinned(loaded.recipe, loaded.path, loaded.project)
    points = points_of(loaded.path, values, loaded.project, fixed)
    first = loaded.params.seed
    folder = loaded.project.root / "build" / "sweeps" / loaded.recipe.name
    sweep = Sweep(loaded.project, loaded.path, points, range(first, first + num_seeds), folder)
    if not only_results and sweep.missing():
        _print_plan(sweep, loaded, jobs)
        if not yes:
            click.confirm("Begin?", abort=True)
        sweep.train(jobs, say)
    _print_results(sweep)


def _print_plan(sweep: "Sweep", loaded: Loaded, jobs: int) -> None:
    from engine.sweeps.points import needs

    missing = sweep.missing()
    total = len(sweep.experiments)
    seeds = ", ".join(map(str, sweep.seeds))
    done = f", {total - len(missing)} of which have a result" if len(missing) < total else ""
    say(
        f"{len(sweep.points)} points, the first of which is {sweep.points[0].name}; seeds "
        f"{seeds}: {total} runs{done}"
    )
    if others := needs(loaded.recipe):
        say(f"A seed that was not trained here yet trains {', '.join(others)} first, too.")
    if besides := sweep.waiting_besides():
        say(
            f"DVC's queue holds {len(besides)} more experiments ({besides[0]}, ...), which are "
            "trained too; to leave one out: dvc queue remove NAME"
        )
    say(_cost(sweep, loaded, missing))
    if jobs > 1:
        say(
            f"{jobs} runs at a time share {loaded.params.hardware.num_threads} threads and the "
            "memory of this machine: on a CPU each takes about as many times as long."
        )
    if len(sweep.seeds) == 1:
        say(
            "One seed: the table will speak of these weights, not of the recipes. --seeds 3 says "
            "more."
        )


def _cost(sweep: "Sweep", loaded: Loaded, missing: Sequence[str]) -> str:
    """How long the missing runs take, as far as that is known before."""
    from engine.report.words import duration
    from engine.sweeps.cost import seconds_of

    try:
        seconds = seconds_of(
            [point.recipe for point in sweep.points], loaded.project, loaded.params
        )
    except UserError as error:
        return f"How long they take is not known yet: {error}"
    of_each = {point.digits: time for point, time in zip(sweep.points, seconds, strict=True)}
    total = sum(of_each[sweep.experiments[name][0].digits] for name in missing)
    return (
        f"{len(missing)} runs take about {duration(total)} of steps and evaluations, one after "
        "another; preflight, baselines, samples, export and DVC come on top"
    )


def _print_results(sweep: "Sweep") -> None:
    from engine.sweeps.written import cells, titles, write_results
    from engine.terminal.columns import aligned

    results = sweep.results()
    for line in aligned([titles(results), *map(cells, results.rows)]):
        say(line)
    say("")
    for sentence in results.sentences:
        say(sentence)
    command = shlex.join(["cantus", *sys.argv[1:]])
    files = write_results(results, sweep.folder, command)
    say(f"written: {', '.join(path.relative_to(sweep.project.root).as_posix() for path in files)}")
