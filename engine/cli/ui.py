"""`cantus ui`: open Aim on the runs."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import click

from engine.errors import UserError
from engine.project import find_project
from engine.tracking.aim_links import comparison_link
from engine.tracking.mirror import sync_all

_HOST = "127.0.0.1"
"""Never another: Aim asks nobody for a password."""
_PATIENCE_SECONDS = 5.0


@click.command()
@click.option("--port", default=43800, show_default=True, help="Port on this machine.")
@click.option("--print-link", is_flag=True, help="Print the link and start nothing.")
def command(port: int, print_link: bool) -> None:
    """Open Aim on the runs, with a link that compares the two newest recipes.

    Runs that Aim lags behind are mirrored first. Aim answers on this machine alone, until Ctrl-C.

    \b
    Examples:
      cantus ui
      cantus ui --port 5000
      cantus ui --print-link
    """
    project = find_project()
    warning = sync_all(project)
    if warning:
        click.echo(f"warning: {warning}", err=True)
    link = comparison_link(f"http://{_HOST}:{port}", project.aim)
    if print_link:
        click.echo(link)
        return
    if _answers(port):
        raise UserError(f"Port {port} is taken already. Give another one: cantus ui --port 43801")
    _serve(project.aim, port, link)


def _serve(repo: Path, port: int, link: str) -> None:
    """Run `aim up` until it ends or this process is told to.

    It has a session of its own: told to end alone, it would leave its server behind.
    """
    aim = Path(sys.executable).with_name("aim")
    arguments = ["up", "--repo", str(repo), "--host", _HOST, "--port", str(port), "--yes"]
    process = subprocess.Popen([aim, *arguments], start_new_session=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        while process.poll() is None and not _answers(port):
            time.sleep(0.2)
        if process.poll() is None:
            click.echo(f"\nCompare the newest runs:\n{link}\n")
        process.wait()
    except KeyboardInterrupt:
        click.echo("Aim is closed.")
    finally:
        _end(process, port)


def _end(process: subprocess.Popen[bytes], port: int) -> None:
    """End Aim and its server, which goes on for a moment after the process that started it."""
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    process.wait()
    patience = time.monotonic() + _PATIENCE_SECONDS
    while _answers(port) and time.monotonic() < patience:
        time.sleep(0.1)
    if _answers(port):
        os.killpg(process.pid, signal.SIGKILL)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((_HOST, port)) == 0
