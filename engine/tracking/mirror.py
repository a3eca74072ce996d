"""Keeps Aim's copy of a run going beside training, without ever holding training up."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

from engine.project import Project
from engine.tracking.aim_repository import AimRepository
from engine.tracking.aim_state import is_behind, run_key

_ELSEWHERE = "/"
"""Alembic, which upgrades Aim's database, imports from the current folder."""
_SILENCE_SECONDS = 60.0
_LOOK_SECONDS = 1.0
_NOTHING_LOST = "The run itself is complete, and `cantus ui` tries again."


class AimMirror:
    """The mirror process of one run. No failure of Aim's raises: it becomes a sentence."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._complaints: IO[bytes] | None = None
        self._not_started: str | None = None

    def start(self, run_folder: Path, repo: AimRepository, project: Project) -> None:
        """Start mirroring a run of the project into an Aim repository; return at once.

        The process has its own session, so that Ctrl-C reaches training alone, and lives until
        its standard input closes: by `finish`, or because this process died.
        """
        try:
            # It lives as long as this object; a pipe that nobody reads could fill up.
            self._complaints = tempfile.TemporaryFile()  # noqa: SIM115
            self._process = subprocess.Popen(
                [*_command(repo, project), "--follow", str(run_folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self._complaints,
                cwd=_ELSEWHERE,
                start_new_session=True,
            )
        except OSError as error:
            self._not_started = str(error)

    def finish(self, timeout_seconds: float) -> str | None:
        """Let the mirror catch up for at most `timeout_seconds`; a sentence where it could not."""
        if self._process is None:
            return _failure(self._not_started.encode()) if self._not_started else None
        assert self._process.stdin is not None
        assert self._complaints is not None
        self._process.stdin.close()
        try:
            code = self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            _end(self._process)
            return f"Aim did not keep up within {timeout_seconds:g} s. {_NOTHING_LOST}"
        self._complaints.seek(0)
        return None if code == 0 else _failure(self._complaints.read())


def sync_all(project: Project, repo: AimRepository) -> str | None:
    """Mirror every run that Aim lags behind, once where its model holds it too.

    Returns a sentence where that failed, or Aim took nothing more for a minute.
    """
    found = [*project.root.glob("models/[!.]*"), *project.root.glob("runs/*/*")]
    behind = {run_key(folder): str(folder) for folder in found if is_behind(repo, folder)}
    if not behind:
        return None
    command = [*_command(repo, project), *sorted(behind.values())]
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            cwd=_ELSEWHERE,
            start_new_session=True,
        )
        try:
            code = _wait_while_it_works(process, repo)
        finally:
            _end(process)
        complaints.seek(0)
        if code is None:
            return f"Aim at {repo.place} took nothing for {_SILENCE_SECONDS:g} s. {_NOTHING_LOST}"
        return _failure(complaints.read()) if code != 0 else None


def _wait_while_it_works(process: subprocess.Popen[bytes], repo: AimRepository) -> int | None:
    """The exit code of a mirror; None where what it remembers has not changed for too long."""
    seen, since = None, time.monotonic()
    while time.monotonic() - since < _SILENCE_SECONDS:
        try:
            return process.wait(_LOOK_SECONDS)
        except subprocess.TimeoutExpired:
            now = {path.name: path.stat().st_mtime_ns for path in repo.states.glob("*.json")}
            seen, since = (now, time.monotonic()) if now != seen else (seen, since)
    return None


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _command(repo: AimRepository, project: Project) -> list[str]:
    options = {"repo": repo.place, "states": repo.states, "project": project.checkout}
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    return [sys.executable, "-m", "engine.tracking.aim_mirror", *words]


def _failure(complaints: bytes) -> str:
    lines = complaints.decode(errors="replace").split("\n")
    last = next((line.strip() for line in reversed(lines) if line.strip()), "no reason given")
    return f"Aim could not mirror the run: {last}. {_NOTHING_LOST}"
