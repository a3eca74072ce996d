"""Aim's pages, with a process that finds new runs."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.types import ASGIApp

from engine.errors import UserError
from engine.tracking.mirrors.aim_query import refused
from engine.tracking.mirrors.guard import guarded
from engine.web.endpoint import Endpoint


@contextmanager
def aim_pages(folder: Path, endpoint: Endpoint) -> Iterator[ASGIApp]:
    """Inside, Aim's pages of the repository in a folder, behind the guard.

    Raises UserError where Aim cannot begin.
    """
    with _indexed(folder):
        from aim.web.configs import AIM_UI_BASE_PATH, AIM_UI_MOUNTED_REPO_PATH

        os.environ[AIM_UI_BASE_PATH] = endpoint.base
        os.environ[AIM_UI_MOUNTED_REPO_PATH] = str(folder / ".aim")
        from aim.web.run import app

        yield guarded(app, endpoint, refused)


@contextmanager
def _indexed(folder: Path) -> Iterator[None]:
    """Inside, a process finds new runs; it ends with this one, however that ends."""
    command = [sys.executable, "-m", "engine.tracking.mirrors.aim_index", str(folder)]
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
            raise UserError(
                f"Aim cannot read {folder / '.aim'}: {said[-1] if said else 'no message'}"
            )
        yield
