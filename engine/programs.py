"""Git and DVC, run as programs. Where one of them fails, its own words are passed on."""

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
"""What git tells its hooks; it would send these commands to another repository."""
_SAYS_NOTHING = "Having any troubles?"
"""How the last line begins that DVC adds to errors of its own."""


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> str:
    """What git answers, run in `folder`, without the line's end.

    Raises UserError with git's words where it fails, and where there is no git.
    """
    return _run(["git", *arguments], folder, stdin)


def dvc(folder: Path, *arguments: str) -> str:
    """What DVC, of this Python, answers. Raises UserError with DVC's words where it fails."""
    return _run([sys.executable, "-P", "-m", "dvc", *arguments], folder)


def is_git_checkout(folder: Path) -> bool:
    """Whether `folder` lies in a checkout or a worktree of git; what git says of it may differ."""
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
            f"There is no program '{command[0]}' on PATH, and Cantus and DVC need it. Install it."
        ) from error
    if done.returncode != 0:
        raise UserError(f"'{shown}' failed in {folder}: {_words(done.stderr or done.stdout)}")
    return done.stdout.decode(errors="surrogateescape").rstrip("\n")


def _words(said: bytes) -> str:
    """What a program said of its failure, without advice to ask its makers."""
    lines = said.decode(errors="replace").splitlines()
    kept = [line.strip() for line in lines if not line.startswith(_SAYS_NOTHING)]
    return " ".join(line for line in kept if line) or "it said nothing"
