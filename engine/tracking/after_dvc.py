"""Refreshes the recipes' refs when the DVC command that runs a stage has ended.

Where DVC has a result in its run cache, it puts the result into the workspace and runs no stage, so
that Cantus does not notice. But every `dvc repro` runs the stage `resolve` first, which leaves a
process that waits for DVC's end.
"""

import os
import subprocess
import sys
from contextlib import suppress

import psutil

from engine.project import Project

_STAGE = "DVC_STAGE"
"""The variable that DVC sets for commands of its stages, but not for itself."""


def refresh_after_dvc(project: Project) -> None:
    """Leave a process that refreshes the refs when the DVC that runs this command has ended.

    Does nothing outside of DVC.
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
    """The process of DVC: the nearest parent that is not inside a stage."""
    with suppress(psutil.Error):
        for process in psutil.Process().parents():
            if _STAGE not in process.environ():
                return int(process.pid)
    return None
