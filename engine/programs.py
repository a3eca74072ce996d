"""git and DVC, run as programs. Their own error messages are passed on."""

import os
import subprocess
import sys
from pathlib import Path

from engine.errors import UserError

_OF_A_HOOK = {
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_WORK_TREE",
}
"""Variables that git sets for hooks, which would send commands to another repository."""
_SAYS_NOTHING = "Having any troubles?"
"""The beginning of a line that DVC adds to its errors."""


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> str:
    """The output of git in `folder`, without the last line's end.

    Raises UserError with git's message where it fails, and where git is not installed.
    """
    return _run(["git", *arguments], folder, stdin)


def dvc(folder: Path, *arguments: str) -> str:
    """The output of this Python's DVC. Raises UserError with DVC's message where it fails."""
    return _run([sys.executable, "-P", "-m", "dvc", *arguments], folder)


def is_git_checkout(folder: Path) -> bool:
    """Whether `folder` lies in a checkout or a worktree of git; git may still refuse it."""
    return any((around / ".git").exists() for around in (folder, *folder.parents))


def _run(command: list[str], folder: Path, stdin: bytes = b"") -> str:
    outer = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
    shown = " ".join(command[:2] if command[0] == "git" else command[3:5])
    try:
        done = subprocess.run(
            command, cwd=folder, input=stdin, env=outer, capture_output=True, check=False
        )
    except FileNotFoundError as error:
        raise UserError(
            f"The program '{command[0]}' is not on PATH. Cantus and DVC need it: install it."
        ) from error
    if done.returncode != 0:
        raise UserError(f"'{shown}' failed in {folder}: {_words(done.stderr or done.stdout)}")
    return done.stdout.decode(errors="surrogateescape").rstrip("\n")


def _words(said: bytes) -> str:
    """A program's error message, without advice to ask its makers."""
    lines = said.decode(errors="replace").splitlines()
    kept = [line.strip() for line in lines if not line.startswith(_SAYS_NOTHING)]
    return " ".join(line for line in kept if line) or "it printed no message"
