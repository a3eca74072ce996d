"""`cantus ui`: open Aim on the runs."""

import signal
import sys
from pathlib import Path

import click

from engine.errors import UserError
from engine.project import Project, find_project
from engine.recipe.params import load_params
from engine.tracking.aim_links import comparison_link
from engine.tracking.aim_repository import AimRepository, aim_repository
from engine.tracking.mirror import sync_all
from engine.web.endpoint import LOOPBACK, endpoint_at
from engine.web.serving import listening


@click.command()
@click.option("--port", default=43800, show_default=True, help="Port to answer at.")
@click.option(
    "--host",
    default=LOOPBACK[0],
    show_default=True,
    help="Address of this machine to answer at. On another than the default, whoever reads the "
    "network reads the key: 'ssh -L' is better.",
)
@click.option(
    "--address",
    help="Where browsers reach it through a reverse proxy [default: tracking.aim_address of "
    "params.toml]",
)
@click.option("--print-link", is_flag=True, help="Print the link of the one that runs.")
def command(port: int, host: str, address: str | None, print_link: bool) -> None:
    """Open Aim on the runs, with a link that compares the two newest recipes.

    Runs that Aim lags behind are mirrored first. The link holds a key, without which nothing is
    answered: Aim's search can run commands. Ctrl-C ends it.

    \b
    Examples:
      cantus ui
      cantus ui --port 5000
      cantus ui --address https://hub.example.org/user/me/proxy/43800
      cantus ui --print-link
    """
    project = find_project()
    tracking = load_params(project.params).tracking
    repo = aim_repository(project, tracking)
    warning = sync_all(project, repo)
    if warning:
        click.echo(f"warning: {warning}", err=True)
    if repo.is_server:
        click.echo(
            f"The runs are mirrored to {repo.place} (params.toml: tracking.aim_repository), and "
            "its pages are those of the machine where that server runs."
        )
        return
    comparison_link("", repo, project.checkout)  # where there is no run, nothing is started
    if print_link:
        click.echo(comparison_link(_running(project), repo, project.checkout))
        return
    _serve(project, repo, host, port, address or tracking.aim_address)


def _serve(project: Project, repo: AimRepository, host: str, port: int, address: str) -> None:
    """Answer until this process is told to end."""
    from engine.tracking.aim_server import serve

    with listening(host, port, "cantus ui") as listener:
        endpoint = endpoint_at(host, listener.getsockname()[1], address)

        def opened() -> None:
            _write_for_this_user(project.ui_address, endpoint.address)
            link = comparison_link(endpoint.address, repo, project.checkout)
            click.echo(f"\nCompare the newest runs:\n{link}\n")

        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
        try:
            serve(Path(repo.place), listener, endpoint, opened)
        except KeyboardInterrupt:
            click.echo("Aim is closed.")
        finally:
            project.ui_address.unlink(missing_ok=True)


def _write_for_this_user(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(text, encoding="utf-8")


def _running(project: Project) -> str:
    try:
        return project.ui_address.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(
            "No `cantus ui` runs for this project, and a link holds its key. Start it: cantus ui"
        ) from error
