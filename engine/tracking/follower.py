"""A process that follows a run's events beside training and cannot delay it."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from typing import IO

_ELSEWHERE = "/"
"""Working folder: Alembic, which upgrades Aim's database, imports from it."""


class Follower:
    """The process, from its start to its end. Failures become reasons in words."""

    def __init__(self, command: Sequence[str]) -> None:
        """Start the process and return at once.

        The process has its own session, so that Ctrl-C reaches training alone, and lives until its
        standard input closes: by `signal_end`, or because this process died.
        """
        self._process: subprocess.Popen[bytes] | None = None
        # The file lives as long as this object; an unread pipe could fill up.
        self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self._not_started = ""
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=self._complaints,
                cwd=_ELSEWHERE,
                start_new_session=True,
            )
        except OSError as error:
            self._not_started = str(error)

    def signal_end(self) -> None:
        """Signal to the process that no event follows."""
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()

    def complaints(self) -> list[str]:
        """The lines that the process has written to its standard error so far."""
        size = os.fstat(self._complaints.fileno()).st_size
        return os.pread(self._complaints.fileno(), size, 0).decode(errors="replace").splitlines()

    def has_ended(self, within_seconds: float) -> bool:
        """Whether the process ends within that time."""
        try:
            return self._process is None or self._process.wait(within_seconds) is not None
        except subprocess.TimeoutExpired:
            return False

    def failure(self, timeout_seconds: float) -> str | None:
        """Let the process end in time, or kill it; return why it failed, or None."""
        self.signal_end()
        in_time = self.has_ended(timeout_seconds)
        if self._process is None:
            return self._not_started
        self.kill()
        if not in_time:
            return "it did not end in time"
        said = [line.strip() for line in self.complaints() if line.strip()]
        return [*("no reason given",), *said][-1] if self._process.returncode else None

    def kill(self) -> None:
        """Kill the process and all that it has started in its session."""
        if self._process is not None and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
