"""`cantus listen`: a blind comparison of runs by ear."""

import signal
import sys
from pathlib import Path

import click

from engine.errors import UserError
from engine.listening.build import Options
from engine.listening.collect import collect
from engine.listening.listening_test import ListeningTest, read_test
from engine.listening.material import MOST_RUNS, Material, material_of
from engine.listening.places import (
    ANSWERS,
    find_or_build,
    held,
    kept_answers,
    test_folder,
    test_folders,
)
from engine.listening.static_folder import write_static
from engine.project import Project, find_project
from engine.recipe.metric_names import LISTENING_SCALES
from engine.system_support.completing import listening_tests, names, runs
from engine.system_support.finished_run import finished_run
from engine.terminal.say import complain, say

PORT = 43900
_TRIES = 20


@click.command()
@click.argument(
    "what",
    metavar="RUN RUN...",
    nargs=-1,
    shell_complete=names(runs, listening_tests, files=True),
)
@click.option("--name", help="Name of the test.  [default: the runs' names]")
@click.option(
    "--clips",
    default=12,
    show_default=True,
    type=click.IntRange(1, 200),
    help="Number of clips.",
)
@click.option("--seed", default=1, show_default=True, help="Seed of the order of the versions.")
@click.option(
    "--scale",
    "scales",
    multiple=True,
    type=click.Choice([*LISTENING_SCALES]),
    help="Rate on this scale; may be repeated.  [default: all]",
)
@click.option(
    "--abx/--no-abx", default=True, show_default=True, help="Also ask whether X is A or B."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help=f"Port to serve at.  [default: {PORT}, or the next free one]",
)
@click.option(
    "--static", type=click.Path(path_type=Path), help="Write the test as a folder for a web server."
)
@click.option(
    "--collect",
    "collecting",
    is_flag=True,
    help="Read the answers that listeners downloaded: FILE...",
)
@click.option(
    "--results",
    is_flag=True,
    help="Compute and publish the results of TEST... (all tests if none is named).",
)
@click.option(
    "--screen", is_flag=True, help="With --results: leave out careless listeners, by fixed rules."
)
def command(
    what: tuple[str, ...],
    name: str | None,
    clips: int,
    seed: int,
    scales: tuple[str, ...],
    abx: bool,
    port: int | None,
    static: Path | None,
    collecting: bool,
    results: bool,
    screen: bool,
) -> None:
    """Compare runs in a blind listening test: ratings, and ABX comparisons.

    Serves a page that only this machine can open. The versions have equal loudness and are shuffled
    for each listener, with a hidden reference and a low-passed anchor among them. RUN is a trained
    recipe, or the folder of a run. Each answer is saved at once in listening/TEST/answers.jsonl;
    the same command continues the same test. Ctrl-C ends it.

    \b
    Examples:
      cantus listen xtts_phase1 xtts_phase2
      cantus listen xtts_phase1 xtts_phase2 --static listening_page    for any web server
      cantus listen --collect ~/Downloads/listening_*.json
      cantus listen --results                                          means, intervals, ABX
      cantus listen --results --screen                                 without careless listeners
    """
    project = find_project()
    if collecting + results + (static is not None) > 1 or (screen and not results):
        raise click.UsageError(
            "Give only one of --static, --collect and --results; --screen needs --results."
        )
    if collecting:
        return _collect(project, what)
    if results:
        return _results(project, what, screen=screen)
    options = Options(clips, seed, scales or tuple(LISTENING_SCALES), abx)
    folder = find_or_build(project, _materials(project, what), options, name)
    test = read_test(folder)
    _describe(project, test, folder)
    if static is None:
        return _serve(test, folder, port)
    write_static(test, folder, static)
    say(f"{static / 'index.html'} is the page of the test: put the folder on any web server.")
    say("To read the files that listeners download: cantus listen --collect FILE...")
    return None


def _materials(project: Project, runs: tuple[str, ...]) -> list[Material]:
    if not 2 <= len(runs) <= MOST_RUNS:
        raise UserError(f"Name 2 to {MOST_RUNS} runs to compare: cantus listen RUN RUN")
    found = [finished_run(project, run) for run in runs]
    names = [one.name for one in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(f"{', '.join(twice)} is named twice: name different runs.")
    return [material_of(one) for one in found]


def _describe(project: Project, test: ListeningTest, folder: Path) -> None:
    answers = kept_answers(test, folder)
    say(
        f"{folder.relative_to(project.checkout)}: {len(test.ratings)} clips to rate, "
        f"{len(test.comparisons)} ABX trials; {len(answers.all)} answers of "
        f"{len(answers.names())} listeners so far."
    )
    for note in test.notes:
        say(note)


def _serve(test: ListeningTest, folder: Path, port: int | None) -> None:
    """Serve until this process is stopped."""
    from engine.listening.app import listening_app
    from engine.web.endpoint import LOOPBACK, endpoint_at
    from engine.web.serving import listening, serve

    host, tries = LOOPBACK[0], _TRIES if port is None else 1
    with (
        held(folder),
        listening(host, PORT if port is None else port, "cantus listen", tries=tries) as listener,
    ):
        endpoint = endpoint_at(host, listener.getsockname()[1], "")
        app = listening_app(test, folder, endpoint)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        try:
            serve(app, listener, lambda: click.echo(f"\nListen:\n{endpoint.address}/\n"))
        except KeyboardInterrupt:
            answers = kept_answers(test, folder)
            click.echo(
                f"{len(answers.all)} answers of {len(answers.names())} listeners are in "
                f"{folder / ANSWERS}. Results: cantus listen --results"
            )


def _collect(project: Project, files: tuple[str, ...]) -> None:
    if not files:
        raise UserError("Name the files to read: cantus listen --collect FILE...")
    failed = 0
    for file in files:
        try:
            say(f"{file}: {collect(project, Path(file)).sentence}")
        except UserError as error:
            failed += 1
            complain(error)
    if failed:
        others = "" if failed == len(files) else " The others were read."
        raise UserError(f"{failed} of {len(files)} files could not be read.{others}")
    say("Results: cantus listen --results")


def _results(project: Project, names: tuple[str, ...], *, screen: bool) -> None:
    from engine.cli.show.listened import print_results
    from engine.tracking.recipe_refs import keep_refs_fresh

    folders = [test_folder(project, name) for name in names] or test_folders(project)
    if not folders:
        raise UserError("There is no listening test yet: cantus listen RUN RUN")
    for folder in folders:
        print_results(project, folder, screen=screen)
    if note := keep_refs_fresh(project):
        say(note)
