"""data/ under DVC: from git-tracked prompts to a tracked copy of the user's audio."""

import subprocess
import sys

from engine.errors import UserError
from engine.project import Project, require_git

_UNCACHED = "cache: false"


def require_dvc(project: Project) -> None:
    """Raise UserError where the project is no git checkout that DVC has been set up in."""
    require_git(project)
    if not (project.root / ".dvc").is_dir():
        raise UserError(
            f"{project.root} has no .dvc folder, so DVC cannot track data/. Run 'dvc init' there."
        )


def track_data(project: Project) -> None:
    """Have DVC keep data/ in its cache, so that an experiment in another folder finds it.

    As shipped, data/ holds prompts that git tracks, and data.dvc only records their checksum
    (`cache: false`): `dvc exp run --temp` would check out those prompts alone and train on them
    without a word. So the prompts leave git's index (not the disk), and DVC takes the folder.
    """
    record = project.root / "data.dvc"
    if record.is_file():
        lines = record.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if line.strip() != _UNCACHED]
        record.write_text("".join(kept), encoding="utf-8")
    _run(project, "git", "rm", "-r", "--cached", "--quiet", "--ignore-unmatch", "--", "data")
    _run(project, sys.executable, "-m", "dvc", "add", "--quiet", "data")


def _run(project: Project, *command: str) -> None:
    answer = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        said = (answer.stderr or answer.stdout).strip()
        raise UserError(f"{' '.join(command[-3:])!r} failed in {project.root}: {said}")
