"""Published weights that a recipe starts from: a file that a user has put into the project."""

from pathlib import Path

from engine.errors import UserError
from engine.project import Project


def find_weights(named: str, project: Project) -> Path:
    """The file that `start.weights` names. Raises UserError where there is none."""
    path = project.root / named
    if not path.is_file():
        raise UserError(
            f"start.weights = '{named}' needs {path}, which does not exist. Put the "
            "published weights there; the path is taken from the project's folder."
        )
    return path
