"""`cantus seeds`: how much a recipe's results move with the seed."""

import json
import shlex
import subprocess
import sys
from collections.abc import Sequence

import click

from engine.cli.show.load import Loaded, load_project_recipe
from engine.cli.show.load_run import require_corpus
from engine.cli.show.recipe_options import recipe_argument
from engine.errors import UserError
from engine.recipe.params import MOST_SEEDS
from engine.report.words import duration
from engine.sweeps.points import require_pinned
from engine.sweeps.seeds import SeedRuns
from engine.sweeps.spread import seeds_in_words, spread_of
from engine.terminal.say import say

NUM_SEEDS = 5


@click.command()
@recipe_argument
@click.option(
    "--n",
    "number",
    type=click.IntRange(2, MOST_SEEDS),
    help="Number of seeds, from the seed of params.toml on.  [default: seeds.RECIPE of "
    f"params.toml, else {NUM_SEEDS}]",
)
def command(recipe: str, number: int | None) -> None:
    """Train RECIPE with several seeds, and measure how much its results move with the seed.

    Each seed is a run of its own, of which the figures of each clip are kept in seeds/RECIPE and
    nothing else: RECIPE's own model is not replaced, and no seed is chosen. A seed that has its
    result is not trained again; after Ctrl-C or a kill, the same command continues with the seed
    that was being trained, from its last checkpoint, and with those that are missing.

    With seeds of both recipes, `cantus diff` and `cantus compare` speak of the recipes; without, of
    these weights alone. For a stage of DVC, add a line RECIPE = 5 to the table [seeds] of
    params.toml, then run `cantus pipeline --write` and `dvc repro seeds_RECIPE`.

    \b
    Examples:
      cantus seeds audio_vae_plus --n 5
      cantus seeds audio_vae_plus --n 10    trains the five that are missing
    """
    loaded = load_project_recipe(recipe)
    runs = _seed_runs(loaded, recipe, number)
    missing = runs.missing()
    say(_plan(loaded, runs.seeds, missing))
    for seed in missing:
        code = runs.train(seed, say)
        if code:
            _leave(seed, code)
    runs.drop_others()
    _write(runs)


def _seed_runs(loaded: Loaded, recipe: str, number: int | None) -> SeedRuns:
    """Raises UserError where a seed could not be trained, or not be compared with another."""
    name = loaded.recipe.name
    if loaded.run is not None:
        raise UserError(f"{recipe} is a run, not a recipe: train seeds of the recipe it is of.")
    if loaded.path.resolve() != loaded.project.recipe(name, loaded.params.profile).resolve():
        raise UserError(
            f"{recipe} is not what the stage {name} trains under the profile of params.toml. Give "
            "the recipe's name."
        )
    require_pinned(loaded.recipe, loaded.path, loaded.project)
    require_corpus(loaded)
    first, count = loaded.params.seed, number or loaded.params.seeds.get(name, NUM_SEEDS)
    return SeedRuns(loaded.project, loaded.recipe, loaded.params, range(first, first + count))


def _plan(loaded: Loaded, seeds: Sequence[int], missing: Sequence[int]) -> str:
    """How many seeds are trained, and how long that takes."""
    listed = f"{loaded.recipe.name}: seeds {seeds_in_words(seeds)}"
    if not missing:
        return f"{listed}; all have their result"
    done = len(seeds) - len(missing)
    had = f", {done} of which have their result" if done else ""
    return f"{listed}{had}; {_cost(loaded, len(missing))}"


def _cost(loaded: Loaded, count: int) -> str:
    """How long so many seeds take, by a process that ends: this one waits for hours."""
    words = [sys.executable, "-P", "-m", "engine", "estimate", loaded.recipe.name, "--json"]
    done = subprocess.run(words, cwd=loaded.project.root, capture_output=True, check=False)
    answer = json.loads(done.stdout or b"{}")
    if "total_seconds" not in answer:
        why = answer.get("message", f"`cantus estimate` ended with code {done.returncode}")
        return f"how long {count} take is not known: {why}"
    seconds = float(answer["total_seconds"])
    return (
        f"{count} to train, one after another, about {duration(seconds * count)} of steps and "
        "evaluations; preflight, baselines, samples and export come on top"
    )


def _leave(seed: int, code: int) -> None:
    """End where a training did not; its own words stand above."""
    say(
        f"seed {seed} did not finish. The same command continues with it; seeds that have their "
        "result are kept."
    )
    sys.exit(code)


def _write(runs: SeedRuns) -> None:
    from engine.sweeps.written_spread import cells, titles, write_spread
    from engine.terminal.columns import aligned

    finished, stopped = runs.finished(), runs.stopped()
    if not finished:
        raise UserError(f"No seed of {runs.recipe.name} finished: {next(iter(stopped.values()))}")
    spread = spread_of(runs.recipe, finished, stopped)
    for line in aligned([titles(), *map(cells, spread.metrics)]):
        say(line)
    say("")
    for sentence in spread.sentences:
        say(sentence)
    command = shlex.join(["cantus", *sys.argv[1:]])
    root = runs.project.root
    files = (
        path.relative_to(root).as_posix() for path in write_spread(spread, runs.project, command)
    )
    say(f"written: {', '.join(files)}")
