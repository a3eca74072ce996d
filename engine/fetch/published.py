"""Published weights that a recipe starts from: a file that a user has put into the project."""

from pathlib import Path

from engine.errors import UserError
from engine.fetch.catalogue import read_catalogue
from engine.project import Project

WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""How transformers calls a file of weights in a model's folder, the preferred one first."""


def find_weights(named: str, project: Project) -> Path:
    """The file that a recipe starts from; of a folder of transformers, that of its weights.

    Raises UserError where there is none.
    """
    path = project.root / named
    path = next((path / name for name in WEIGHTS if (path / name).is_file()), path)
    if not path.is_file():
        raise UserError(
            f"The recipe starts from '{named}', and {path} does not exist. {_way_out(named)}"
        )
    return path


def _way_out(named: str) -> str:
    folder, _, rest = named.partition("/")
    name = rest.partition("/")[0]
    if folder == "published" and name in read_catalogue():
        return f"'cantus fetch {name}' puts the published files there."
    return "Put the published weights there; the path is taken from the project's folder."
