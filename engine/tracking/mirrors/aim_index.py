"""The process beside Aim's pages that finds new runs: `python -m ...aim_index REPO`.

The process updates the databases, prints a line, and works until its standard input closes.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
from aim.cli.utils import build_db_upgrade_command
from aim.sdk.index_manager import RepoIndexManager
from aim.sdk.run_status_manager import RunStatusManager
from aim.web.configs import AIM_UI_MOUNTED_REPO_PATH

from engine.tracking.mirrors.aim_writer import open_repo
from engine.tracking.mirrors.place import repository_in

READY = "ready"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def command(folder: Path) -> None:
    """Keep the index of the Aim repository in a folder."""
    repo = open_repo(repository_in(folder))
    os.environ[AIM_UI_MOUNTED_REPO_PATH] = repo.path
    upgrade: Any = build_db_upgrade_command
    subprocess.run(upgrade(), check=True, stdout=subprocess.DEVNULL)
    workers: list[Any] = [RepoIndexManager.get_index_manager(repo), RunStatusManager(repo)]
    for worker in workers:
        worker.start()
    click.echo(READY)
    sys.stdin.read()
    os._exit(0)  # without waiting for its threads, which leave nothing undone


if __name__ == "__main__":
    command()
