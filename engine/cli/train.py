"""`cantus train`: what a recipe's DVC stage runs."""

import os
import sys

import click
from attrs import asdict

from engine.cli.show.load import Loaded
from engine.cli.show.load_run import Variant, load_run, require_corpus
from engine.cli.show.recipe_options import overrides_option, recipe_argument
from engine.errors import UserError
from engine.exit_codes import Exit
from engine.project import Project
from engine.recipe.schema import Recipe
from engine.terminal.say import say
from engine.training.processes import num_processes, require_equal_parts, starts_others


@click.command()
@recipe_argument
@overrides_option
@click.option(
    "--name",
    "called",
    metavar="NAME",
    help="Name of the run.  [default: the recipe's, with digits if -S changes values]",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    help="Train with this seed instead of that of params.toml, as a separate run.",
)
@click.option("--again", is_flag=True, help="Delete the run's state and model, and start over.")
def command(
    recipe: str, overrides: tuple[str, ...], called: str | None, seed: int | None, again: bool
) -> None:
    """Train RECIPE on this machine, or continue a stopped run.

    `dvc repro RECIPE` calls this command after everything that RECIPE needs is up to date. Ctrl-C
    saves the state and exits; the same command continues to the same weights. A model that is
    already trained is put in place again without training. With several devices
    (hardware.num_devices in params.toml) the command starts a process for each; under torchrun it
    is one of the processes.

    With -S or --seed the run is separate from RECIPE's and replaces nothing: its model, metrics and
    ref are called NAME, or RECIPE+3f9c2a, with digits that stand for the changed values. The same
    holds for a recipe given by its path if `dvc repro` would train another file. `why`, `report`,
    `diff` and start.from of a later phase accept this name.

    \b
    Examples:
      cantus train audio_vae
      cantus train audio_vae -S training.epochs=10
      cantus train audio_vae -S training.epochs=10 --name longer
      cantus train audio_vae --seed 2
      cantus train audio_vae --again
      cantus train recipes/audio_vae_plus.toml
    """
    loaded, variant = load_run(recipe, overrides, called, seed)
    _require_shorter_warm_up(loaded.recipe)
    require_corpus(loaded)
    hardware = loaded.params.hardware
    require_equal_parts(loaded.recipe.training, num_processes(hardware))

    # Before torch is loaded: threads that wait go to sleep after some microseconds. By default they
    # spin for milliseconds, and a step on a machine that does anything else takes several times as
    # long; without any spinning it takes longer on one that does not.
    os.environ.setdefault("GOMP_SPINCOUNT", "5000")

    if starts_others(hardware):
        from engine.runs.launch import launch

        sys.exit(launch(hardware.num_devices))
    code = _train(loaded, variant, again)
    if code:
        sys.exit(code)


def _require_shorter_warm_up(recipe: Recipe) -> None:
    """Raise UserError where a warm-up outlasts the run; preflight asks where epochs are given."""
    steps = recipe.training.steps
    if steps is None or recipe.start is not None:
        return
    for turn, schedule in recipe.schedule.items():
        if schedule.warmup_steps >= steps:
            raise UserError(
                f"{recipe.name}: the warm-up of {turn} takes {schedule.warmup_steps:,} steps and "
                f"outlasts the run of {steps:,}. Train longer, or add "
                f"-S schedule.{turn}.warmup_steps=0"
            )


def _train(loaded: Loaded, variant: Variant | None, again: bool) -> int:
    """Train in this process; the exit code. What is said is said by a run's first process."""
    from engine.cli.show.console import ConsoleWatcher
    from engine.runs.run import Run
    from engine.system_support.build import build_system

    settings = loaded.demo_settings
    notes = [loaded.note, settings and f"note: {settings}"]
    if variant is not None:
        own = f"{loaded.recipe.name} is a run of its own"
        notes += [f"note: {own}: nothing of {variant.of} is replaced"]
    for line in filter(None, notes):
        say(line)
    with ConsoleWatcher() as watcher:
        run = Run(
            loaded.recipe,
            loaded.project,
            loaded.params,
            build_system,
            watcher,
            again,
            settings,
            asdict(variant) if variant else {},
        )
        outcome = run.train()
        if outcome is None:
            return Exit.DONE
        if outcome.message:
            watcher.say(outcome.message)
    if outcome.ending == "finished":
        _refresh_refs(loaded.project)
        return Exit.DONE
    return Exit.STOPPED_BY_GUARD if outcome.ending == "guard" else 128 + (outcome.signal or 0)


def _refresh_refs(project: Project) -> None:
    from engine.tracking.comparable import incomparable_in_words
    from engine.tracking.recipe_refs import keep_refs_fresh

    for line in filter(None, (keep_refs_fresh(project), incomparable_in_words(project))):
        say(line)
