"""`cantus seeds`: how much a recipe's results move with the seed."""

import json
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from engine.cli.show.load import Loaded, load_project_recipe
from engine.cli.show.load_run import require_trainable
from engine.cli.show.recipe_options import recipe_argument
from engine.errors import UserError
from engine.project import find_project
from engine.recipe.params import MOST_SEEDS
from engine.report.kept_seeds import KeptSeeds, seeds_in_words
from engine.report.repeating import why_no_seeds
from engine.report.words import duration
from engine.sweeps.points import require_pinned
from engine.sweeps.seeds import SeedRuns, kept_seeds_of, seeds_to_have
from engine.sweeps.spread import SMALLEST, spread_of
from engine.system_support.seed_runs import finished_seeds
from engine.terminal.say import say

NUM_SEEDS = 5
_SIGNALLED = 128
"""Exit codes above it are of processes that a signal ended."""


@click.command()
@recipe_argument
@click.option(
    "--n",
    "number",
    type=click.IntRange(2, MOST_SEEDS),
    help="Number of seeds; where more are kept, the others are deleted.  [default: seeds.RECIPE of "
    f"params.toml, else {NUM_SEEDS}, and at least those that are kept]",
)
def command(recipe: str, number: int | None) -> None:
    """Train RECIPE with several seeds, and measure how much its results move with the seed.

    Each seed is a run of its own, of which the figures of each clip are kept in seeds/RECIPE and
    nothing else: RECIPE's own model is not replaced, and no seed is chosen. A seed that has its
    result is not trained again; new ones are numbered from the seed of params.toml on. After Ctrl-C
    or a kill, the same command continues with the seed that was being trained, from its last
    checkpoint, and with those that are missing. Only --n deletes a seed whose result counts.

    With seeds of both recipes, `cantus diff` and `cantus compare` speak of the recipes; without, of
    these weights alone. For a stage of DVC, add a line RECIPE = 5 to the table [seeds] of
    params.toml, then run `cantus pipeline --write` and `dvc repro seeds_RECIPE`.

    \b
    Examples:
      cantus seeds audio_vae_plus --n 5
      cantus seeds audio_vae_plus --n 10    trains the five that are missing
      cantus seeds audio_vae_plus           shows the spread of all ten
    """
    loaded = _loaded(recipe)
    runs = _seed_runs(loaded, recipe, number)
    missing, others = runs.missing(), runs.others()
    say(_plan(loaded, runs, missing, others))
    with tempfile.TemporaryDirectory(prefix="cantus-") as folder:
        for place, seed in enumerate(missing, start=1):
            _train(runs, seed, len(missing) - place, Path(folder) / "said")
            runs.require_one_recipe([one for one in runs.seeds if one not in missing[place:]])
    kept = runs.require_one_recipe(runs.seeds)
    runs.drop(others)
    _write(runs, kept)


def _loaded(recipe: str) -> Loaded:
    """Raises UserError where no recipe is called so."""
    why = why_no_seeds(find_project(), recipe)
    if why is not None:
        raise UserError(why)
    return load_project_recipe(recipe)


def _train(runs: SeedRuns, seed: int, num_left: int, said: Path) -> None:
    """Train a seed, and say how long it took and how long the others will take."""
    started = time.monotonic()
    code = runs.train(seed, said)
    if code:
        _leave(runs, seed, code)
    seconds = time.monotonic() - started
    left = f"; {num_left} to go, about {duration(num_left * seconds)}" if num_left else ""
    kept = runs.place(seed).relative_to(runs.project.root)
    say(f"seed {seed}: kept in {kept}, after {duration(seconds)}{left}")


def _seed_runs(loaded: Loaded, recipe: str, number: int | None) -> SeedRuns:
    """Raises UserError where a seed could not be trained, or not be compared with another."""
    name = loaded.recipe.name
    if loaded.path.resolve() != loaded.project.recipe(name, loaded.params.profile).resolve():
        raise UserError(
            f"{recipe} is not what the stage {name} trains under the profile of params.toml. Give "
            "the recipe's name."
        )
    require_pinned(loaded.recipe, loaded.path, loaded.project)
    require_trainable(loaded)
    kept = kept_seeds_of(loaded.project, loaded.recipe).counted
    at_least = max(loaded.params.seeds.get(name, NUM_SEEDS), len(kept))
    seeds = seeds_to_have(kept, loaded.params.seed, number or at_least)
    return SeedRuns(loaded.project, loaded.recipe, loaded.params, seeds)


def _plan(loaded: Loaded, runs: SeedRuns, missing: Sequence[int], others: Sequence[int]) -> str:
    """Which seeds have their result, which are trained or deleted, and how long that takes."""
    name, done = loaded.recipe.name, [seed for seed in runs.seeds if seed not in missing]
    have = f"{seeds_in_words(done)} {'has' if len(done) == 1 else 'have'} a result" if done else ""
    train = f"{seeds_in_words(missing)} to train, {_cost(loaded, len(missing))}" if missing else ""
    return f"{name}: {'; '.join(filter(None, (have, *_dropped(runs, others), train)))}"


def _dropped(runs: SeedRuns, others: Sequence[int]) -> Iterator[str]:
    """Which seeds are deleted, and why."""
    apart = runs.kept().apart
    fewer = [seed for seed in others if seed not in apart]
    if fewer:
        yield f"{seeds_in_words(fewer)} to delete, because --n {len(runs.seeds)} asks for fewer"
    for seed in others:
        if seed in apart:
            yield f"seed {seed} to delete, because it does not count ({', '.join(apart[seed])})"


def _cost(loaded: Loaded, count: int) -> str:
    """How long so many seeds take at least, by a process that ends: this one waits for hours."""
    words = [sys.executable, "-P", "-m", "engine", "estimate", loaded.recipe.name, "--json"]
    done = subprocess.run(words, cwd=loaded.project.root, capture_output=True, check=False)
    answer = json.loads(done.stdout or b"{}")
    if "total_seconds" not in answer:
        why = answer.get("message", f"`cantus estimate` ended with code {done.returncode}")
        return f"how long is not known: {why}"
    seconds = float(answer["total_seconds"])
    return (
        f"one after another: at least {duration(seconds * count)} of steps and evaluations. "
        "Starting, preflight and baselines come on top; the first seed shows how long they take"
    )


def _leave(runs: SeedRuns, seed: int, code: int) -> None:
    """End where a training did not; its own words stand above."""
    kept = "Seeds that have their result are kept."
    if code < 0 or code > _SIGNALLED:
        say(f"seed {seed} was interrupted: `{runs.command}` continues with it. {kept}")
    else:
        say(f"seed {seed} failed, for the reason above. {kept}")
    sys.exit(code)


def _write(runs: SeedRuns, kept: KeptSeeds) -> None:
    from engine.sweeps.spread_page import cells, titles
    from engine.sweeps.written_spread import write_spread
    from engine.terminal.columns import aligned

    if not kept.finished:
        why = next(iter(kept.stopped.values()))
        raise UserError(f"No seed of {runs.recipe.name} finished: {why}")
    spread = spread_of(runs.recipe, finished_seeds(kept), kept.stopped)
    rows = [cells(one, spread.numbers) for one in spread.metrics]
    for line in aligned([titles(spread, short=True), *rows]):
        say(line)
    for sentence in ("", SMALLEST, *spread.why_none(), "", *spread.sentences):
        say(sentence)
    command = shlex.join(["cantus", *sys.argv[1:]])
    root = runs.project.root
    files = (
        path.relative_to(root).as_posix() for path in write_spread(spread, runs.project, command)
    )
    say(f"written: {', '.join(files)}")
