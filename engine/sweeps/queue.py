"""DVC's queue of experiments: what is queued, trained and failed, by name."""

import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from engine.errors import UserError
from engine.programs import dvc, git
from engine.project import Project

_REFS = "refs/exps/"
_CELERY = "refs/exps/celery/"
_REASON = re.compile(r"^(?:error: )(.*)", re.MULTILINE)
_OF_DVC = re.compile(r"^ERROR: (.*)", re.MULTILINE)


def finished(project: Project) -> Mapping[str, str]:
    """The commit of every experiment that was trained to its end, by name."""
    shown = git(project.root, "for-each-ref", "--format=%(objectname) %(refname)", _REFS)
    rows = [line.split(" ", 1) for line in shown.splitlines()]
    return {ref.rsplit("/", 1)[1]: commit for commit, ref in rows if not ref.startswith(_CELERY)}


def states(project: Project) -> Mapping[str, str]:
    """The state of every task of the queue (Queued, Running, Failed, Success), by name."""
    return read_states(dvc(project.root, "queue", "status"))


def read_states(table: str) -> Mapping[str, str]:
    """The states in what `dvc queue status` prints: task, name, when it was made, state."""
    words = [line.split() for line in table.splitlines()]
    return {row[1]: row[-1] for row in words if len(row) > 3 and row[0] not in ("Task", "Worker")}


def enqueue(project: Project, target: str, name: str, settings: Iterable[str]) -> None:
    """Queue an experiment. Raises UserError with DVC's words where that fails."""
    given = [word for one in settings for word in ("-S", one)]
    dvc(project.root, "exp", "run", target, "--queue", "--name", name, *given)


def remove(project: Project, names: Sequence[str]) -> None:
    """Take tasks out of the queue, failed ones included."""
    if names:
        dvc(project.root, "queue", "remove", *names)


def start(project: Project, jobs: int, log: Path) -> "subprocess.Popen[bytes]":
    """Train all that is queued, so many at a time; what DVC says goes into `log`.

    The process ends with the last of them.
    """
    command = [sys.executable, "-P", "-m", "dvc", "exp", "run", "--run-all", "--jobs", str(jobs)]
    with log.open("wb") as file:
        return subprocess.Popen(command, cwd=project.root, stdout=file, stderr=subprocess.STDOUT)


def stop(project: Project) -> None:
    """Stop what is being trained, and start nothing more. What waits stays queued."""
    dvc(project.root, "queue", "stop", "--kill")


def reason(project: Project, name: str) -> str:
    """Why an experiment failed, by the last error in its log."""
    try:
        said = dvc(project.root, "queue", "logs", name)
    except UserError as error:
        return f"no log: {error}"
    return read_reason(said)


def read_reason(log: str) -> str:
    """The last error in a log: Cantus's own, else DVC's."""
    found = _REASON.findall(log) or _OF_DVC.findall(log)
    return found[-1] if found else "it was stopped, and its log names no error"
