"""Aim's pages, in this process, behind the guard: nothing of Aim can be reached beside it."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import UserError
from engine.tracking.aim_guard import guarded
from engine.web.endpoint import Endpoint
from engine.web.serving import serve as serve_app


def serve(
    folder: Path, listener: socket.socket, endpoint: Endpoint, opened: Callable[[], None]
) -> None:
    """Answer at `listener` from the Aim repository in a folder, until this process is told to end.

    `opened` is called once pages can be had. Raises UserError where Aim cannot begin.
    """
    with _indexed(folder):
        from aim.web.configs import AIM_UI_BASE_PATH, AIM_UI_MOUNTED_REPO_PATH

        os.environ[AIM_UI_BASE_PATH] = endpoint.base
        os.environ[AIM_UI_MOUNTED_REPO_PATH] = str(folder / ".aim")
        from aim.web.run import app

        serve_app(guarded(app, endpoint), listener, opened)


@contextmanager
def _indexed(folder: Path) -> Iterator[None]:
    """Inside, a process finds the runs that are new; it ends with this one, however that ends."""
    command = [sys.executable, "-m", "engine.tracking.aim_index", str(folder)]
    with (
        tempfile.TemporaryFile() as complaints,
        subprocess.Popen(
            command,
            cwd="/",  # Alembic, which upgrades Aim's databases, imports from the current folder
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            start_new_session=True,
        ) as process,
    ):
        assert process.stdout is not None
        if not process.stdout.readline():
            complaints.seek(0)
            said = complaints.read().decode(errors="replace").strip().splitlines()
            raise UserError(f"Aim cannot read {folder / '.aim'}: {said[-1] if said else 'no word'}")
        yield
