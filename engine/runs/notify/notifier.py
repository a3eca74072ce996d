"""Telling of a run from beside training, which it can neither stop, slow down nor fail."""

import os
import sys
from pathlib import Path

from engine.project import Project
from engine.recipe.params import Notify
from engine.runs.notify.send import COMMAND
from engine.tracking.follower import Follower


class Notifier:
    """The process that tells of one run; none where nobody is to be told."""

    def __init__(self, notify: Notify, run_folder: Path, project: Project) -> None:
        self._process: Follower | None = None
        self._num_said = 0
        if os.environ.get(COMMAND) or notify.web_hook_variable:
            self._process = Follower(_command(notify, run_folder, project))

    def remark(self) -> str | None:
        """A sentence where messages could not be sent, counting those not yet spoken of."""
        if self._process is None:
            return None
        new = [line for line in self._process.complaints()[self._num_said :] if line.strip()]
        self._num_said += len(new)
        if not new:
            return None
        count = f"{len(new)} notification{'s' * (len(new) > 1)} could not be sent"
        return f"{count}, the last because {new[-1]} (params.toml: tracking.notify)"

    def leave(self) -> None:
        """Let it tell of the end by itself, without waiting for it."""
        if self._process is not None:
            self._process.tell_end()

    def finish(self, timeout_seconds: float) -> str | None:
        """Let it tell of the end within `timeout_seconds`; a sentence where it could not."""
        if self._process is None:
            return None
        why = self._process.failure(timeout_seconds)
        return f"The end of the run could not be told: {why}" if why else self.remark()


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
