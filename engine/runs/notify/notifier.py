"""Notifications about a run, from a process that can neither stop, slow down nor fail it."""

import os
import sys
from pathlib import Path

from engine.project import Project
from engine.recipe.params import Notify
from engine.runs.notify.send import COMMAND
from engine.tracking.follower import Follower


class Notifier:
    """The process that sends notifications about one run; idle where none are configured."""

    def __init__(self, notify: Notify, run_folder: Path, project: Project) -> None:
        self._process: Follower | None = None
        self._num_said = 0
        if os.environ.get(COMMAND) or notify.web_hook_variable:
            self._process = Follower(_command(notify, run_folder, project))

    def remark(self) -> str | None:
        """A sentence where messages could not be sent, counting those not yet reported."""
        if self._process is None:
            return None
        new = [line for line in self._process.complaints()[self._num_said :] if line.strip()]
        self._num_said += len(new)
        if not new:
            return None
        count = f"{len(new)} notification{'s' * (len(new) > 1)} could not be sent"
        return f"{count}, the last because {new[-1]} (params.toml: tracking.notify)"

    def leave(self) -> None:
        """Let the process notify of the end by itself, without waiting for it."""
        if self._process is not None:
            self._process.signal_end()

    def finish(self, timeout_seconds: float) -> str | None:
        """Wait up to `timeout_seconds` for the last notification; a sentence where it failed."""
        if self._process is None:
            return None
        why = self._process.failure(timeout_seconds)
        return (
            f"The notification of the run's end could not be sent: {why}" if why else self.remark()
        )


def _command(notify: Notify, run_folder: Path, project: Project) -> list[str]:
    events = run_folder / "events.jsonl"
    options = {
        "project": project.checkout,
        "known": events.stat().st_size if events.is_file() else 0,
        "variable": notify.web_hook_variable,
    }
    words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    words += [word for moment in notify.at for word in ("--at", moment)]
    module = [sys.executable, "-m", "engine.runs.notify.process"]
    return [*module, str(run_folder), *words]
