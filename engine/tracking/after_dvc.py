"""Refreshes the recipes' refs when the DVC command that runs a stage has ended.

Where DVC has a result in its run cache it puts it into the workspace and runs no stage, so that
nothing of Cantus learns of it. Every `dvc repro` runs the stage `resolve` first, however: that
leaves a process behind which waits for DVC's end.
"""

import os
import subprocess
import sys
from contextlib import suppress

import psutil

from engine.project import Project

_STAGE = "DVC_STAGE"
"""What DVC tells the commands of its stages, and has not in its own environment."""


def refresh_after_dvc(project: Project) -> None:
    """Leave a process that refreshes the refs when the DVC that runs this command has ended.

    Nothing is done where no DVC does.
    """
    waited_for = _dvc() if _STAGE in os.environ else None
    if waited_for is not None:
        subprocess.Popen(
            [sys.executable, "-P", "-m", "engine", "refs", "--after", str(waited_for)],
            cwd=project.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )


def wait_for_end(process: int) -> None:
    """Wait until a process of this machine has ended."""
    with suppress(psutil.NoSuchProcess):
        psutil.Process(process).wait()


def _dvc() -> int | None:
    """The process that runs this stage: the nearest one around it that is in none."""
    with suppress(psutil.Error):
        for process in psutil.Process().parents():
            if _STAGE not in process.environ():
                return int(process.pid)
    return None
