"""`cantus train`: what a recipe's DVC stage runs."""

import os
import sys
from pathlib import Path

import click
from attrs import asdict

from engine.cli.show.load import Loaded
from engine.cli.show.load_run import Variant, load_run, require_trainable
from engine.cli.show.recipe_options import overrides_option, recipe_argument
from engine.exit_codes import Exit
from engine.project import Project
from engine.terminal.say import say
from engine.training.processes import starts_others


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
@click.option(
    "--part-of",
    metavar="COMMAND",
    hidden=True,
    help="The command that this training is a part of, as of `cantus seeds`, and that continues "
    "it. Only its figures are kept: no export, samples or report are made.",
)
@click.option(
    "--say-once",
    "said",
    type=click.Path(path_type=Path),
    hidden=True,
    help="A file of warnings that are not said again, to which others are added.",
)
@click.option("--again", is_flag=True, help="Delete the run's state and model, and start over.")
def command(
    recipe: str,
    overrides: tuple[str, ...],
    called: str | None,
    seed: int | None,
    part_of: str | None,
    said: Path | None,
    again: bool,
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
    loaded, variant = load_run(recipe, overrides, called, seed, part_of)
    require_trainable(loaded)
    hardware = loaded.params.hardware

    # Before torch is loaded: threads that wait go to sleep after some microseconds. By default they
    # spin for milliseconds, and a step on a machine that does anything else takes several times as
    # long; without any spinning it takes longer on one that does not.
    os.environ.setdefault("GOMP_SPINCOUNT", "5000")

    if starts_others(hardware):
        from engine.runs.launch import launch

        sys.exit(launch(hardware.num_devices))
    code = _train(loaded, variant, again, said)
    if code:
        sys.exit(code)


def _train(loaded: Loaded, variant: Variant | None, again: bool, said: Path | None) -> int:
    """Train in this process; the exit code. What is said is said by a run's first process."""
    from engine.cli.show.console import ConsoleWatcher
    from engine.runs.run import Run
    from engine.system_support.build import build_system

    settings = loaded.demo_settings
    notes = [loaded.note, settings and f"note: {settings}"]
    if variant is not None and variant.part_of is None:
        own = f"{loaded.recipe.name} is a run of its own"
        notes += [f"note: {own}: nothing of {variant.of} is replaced"]
    with ConsoleWatcher(said) as watcher:
        for line in filter(None, notes):
            watcher.say(line)
        run = Run(
            loaded.recipe,
            loaded.project,
            loaded.params,
            build_system,
            watcher,
            again,
            settings,
            asdict(variant) if variant else {},
            keeps_model=variant is None or variant.part_of is None,
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
