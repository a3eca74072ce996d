"""`cantus ui`: open the pages of Aim or Trackio on a comparison of runs."""

import signal
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import click
from attrs import frozen
from starlette.types import ASGIApp

from engine.errors import UserError
from engine.project import find_project
from engine.recipe.params import load_params
from engine.report.find import find_run
from engine.system_support.completing import names
from engine.system_support.completing import runs as run_names
from engine.terminal.say import say
from engine.tracking.mirrors.beside import sync_all
from engine.tracking.mirrors.compared import held_runs, newest_phases
from engine.tracking.mirrors.pages import links_to
from engine.tracking.mirrors.place import MirrorPlace, mirror_place
from engine.tracking.mirrors.state import MirrorState
from engine.web.endpoint import LOOPBACK, Endpoint, endpoint_at
from engine.web.serving import listening, serve

_PORTS = {"aim": 43800, "trackio": 43801}


@click.command()
@click.argument("runs", nargs=-1, metavar="[RUN]...", shell_complete=names(run_names, files=True))
@click.option("--trackio", is_flag=True, help="Open Trackio instead of Aim.")
@click.option("--port", type=int, help="Port to serve at.  [default: 43800, with --trackio 43801]")
@click.option(
    "--host",
    default=LOOPBACK[0],
    show_default=True,
    help="Address of this machine to serve at. With another than the default, the key is sent "
    "unencrypted over the network: 'ssh -L' is better.",
)
@click.option(
    "--address",
    help="Address at which browsers reach it through a reverse proxy.  [default: "
    "tracking.aim_address of params.toml]",
)
@click.option("--print-link", is_flag=True, help="Print the links of the server that is running.")
def command(
    runs: tuple[str, ...],
    trackio: bool,
    port: int | None,
    host: str,
    address: str | None,
    print_link: bool,
) -> None:
    """Compare the curves and samples of runs in a browser.

    Each RUN is the name of a recipe (its newest run), or the folder of a run. Without RUN, the
    newest run is compared with the phases before it. Runs that are not complete in the tracker are
    copied to it first. Each link holds a key, without which the server answers nothing, since Aim's
    search can run commands. Ctrl-C ends it.

    \b
    Examples:
      cantus ui
      cantus ui xtts_phase1 xtts_phase2
      cantus ui --trackio
      cantus ui --address https://hub.example.org/user/me/proxy/43800
      cantus ui --print-link
    """
    project = find_project()
    tracking = load_params(project.params).tracking
    folders = [find_run(project, run).resolve() for run in runs]
    place = mirror_place("trackio" if trackio else "aim", project, tracking)
    warning = sync_all(project, place)
    if warning:
        say(f"warning: {warning}", err=True)
    if place.is_server:
        click.echo(
            f"The runs are mirrored to {place.place} (params.toml: tracking.aim_repository), and "
            "its pages are those of the machine where that server runs."
        )
        return
    compared = held_runs(place, folders) if folders else newest_phases(place, project.checkout)
    note = project.ui_address(place.kind)
    if print_link:
        _show(place, _running(note), compared)
        return
    at = address or (tracking.aim_address if place.kind == "aim" else "")
    _serve(place, _Door(host, _PORTS[place.kind] if port is None else port, at), note, compared)


@frozen
class _Door:
    """Where the pages are served, and where browsers reach them."""

    host: str
    port: int
    address: str


def _serve(place: MirrorPlace, door: _Door, note: Path, compared: Sequence[MirrorState]) -> None:
    """Serve until this process is stopped."""
    with listening(door.host, door.port, "cantus ui") as listener:
        endpoint = endpoint_at(door.host, listener.getsockname()[1], door.address)

        def opened() -> None:
            _write_for_this_user(note, endpoint.address)
            _show(place, endpoint.address, compared)

        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        try:
            with _pages(place, endpoint) as guarded:
                serve(guarded, listener, opened)
        except KeyboardInterrupt:
            click.echo(f"{place.title} is closed.")
        finally:
            note.unlink(missing_ok=True)


def _pages(place: MirrorPlace, endpoint: Endpoint) -> AbstractContextManager[ASGIApp]:
    """A tracker's pages, behind the guard. Either takes a second to import."""
    if place.kind == "trackio":
        from engine.tracking.mirrors.trackio_pages import trackio_pages

        return trackio_pages(Path(place.place), endpoint)
    from engine.tracking.mirrors.aim_pages import aim_pages

    return aim_pages(Path(place.place), endpoint)


def _show(place: MirrorPlace, address: str, runs: Sequence[MirrorState]) -> None:
    """Print the links, and what they compare."""
    names = ", ".join(run.recipe for run in runs)
    click.echo(f"\n{place.title} compares {names}." if runs[1:] else f"\n{place.title}: {names}.")
    for link in links_to(place, address, runs):
        click.echo(f"\n{link.title}:\n{link.address}")
    click.echo()


def _write_for_this_user(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(text, encoding="utf-8")


def _running(note: Path) -> str:
    try:
        return note.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(
            "No `cantus ui` is running for this project, so there is no link. Start it: cantus ui"
        ) from error
