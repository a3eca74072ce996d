"""`cantus train`: what a recipe's DVC stage runs."""

import os
import sys

import click
from attrs import asdict

from engine.cli.show.load import Loaded
from engine.cli.show.load_run import Variant, load_run
from engine.project import Project
from engine.terminal.say import say
from engine.training.processes import num_processes, require_equal_parts, starts_others


@click.command()
@click.argument("recipe")
@click.option("-S", "overrides", multiple=True, metavar="KEY=VALUE", help="Change one setting.")
@click.option("--name", "called", metavar="NAME", help="Name of a run of its own, as with -S.")
@click.option("--again", is_flag=True, help="Throw away what was trained of it, and begin anew.")
def command(recipe: str, overrides: tuple[str, ...], called: str | None, again: bool) -> None:
    """Train RECIPE on this machine, or go on with a run that was stopped.

    `dvc repro RECIPE` calls this after what RECIPE needs is up to date. Ctrl-C saves and leaves a
    run that the same command continues to the same weights. What is trained already is put in
    place again without training. On several devices (hardware.num_devices in params.toml) it starts
    a process for each; under torchrun it is one of them.

    With -S it is another run, which replaces nothing of RECIPE's: its model, metrics and ref are
    called RECIPE+3f9c2a, by digits over the values that differ, or NAME. So is that of a recipe by
    path where `dvc repro` would train another file. `why`, `report`, `diff` and a phase's
    start.from take that name.

    \b
    Examples:
      cantus train audio_vae
      cantus train audio_vae -S training.epochs=10
      cantus train audio_vae -S training.epochs=10 --name longer
      cantus train audio_vae --again
      cantus train recipes/audio_vae_plus.toml
    """
    loaded, variant = load_run(recipe, overrides, called)
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
            return 0
        if outcome.message:
            watcher.say(outcome.message)
    if outcome.ending == "finished":
        _refresh_refs(loaded.project)
        return 0
    return 1 if outcome.ending == "guard" else 128 + (outcome.signal or 0)


def _refresh_refs(project: Project) -> None:
    from engine.tracking.comparable import tell_incomparable
    from engine.tracking.recipe_refs import keep_refs_fresh

    for line in filter(None, (keep_refs_fresh(project), tell_incomparable(project))):
        say(line)
