"""Published weights that a recipe starts from: files that a user has put into the project."""

from collections.abc import Iterable
from pathlib import Path

from engine.errors import UserError
from engine.fetch.catalogue import read_catalogue
from engine.files.weight_index import WEIGHTS, files_of, weights_in
from engine.project import Project


def find_all_weights(named: Iterable[str], project: Project) -> tuple[Path, ...]:
    """Every file that a recipe starts from, by the names that it gives: its published_weights.

    Where a name leads to an index, the files that the index names follow it. Raises UserError
    where one is missing.
    """
    return tuple(file for name in named for file in files_of(find_weights(name, project)))


def find_weights(named: str, project: Project) -> Path:
    """The file that a recipe starts from; of a folder of transformers, its weights or their index.

    Raises UserError where there is none.
    """
    path = project.root / named
    if path.is_dir() and weights_in(path) is None:
        raise UserError(f"The recipe starts from '{named}', a folder that holds {_held(path)}.")
    path = weights_in(path) or path
    if not path.is_file():
        raise UserError(
            f"The recipe starts from '{named}', and {path} does not exist. {_way_out(named)}"
        )
    return path


def _held(folder: Path) -> str:
    if (folder / "adapter_config.json").is_file():
        return (
            "adapters (LoRA) and no model. Merge them into the model that they were trained on "
            "(peft: merge_and_unload), and name its folder"
        )
    return f"no weights: neither {' nor '.join(WEIGHTS)}, in one file or in several with an index"


def _way_out(named: str) -> str:
    folder, _, rest = named.partition("/")
    name = rest.partition("/")[0]
    if folder == "published" and name in read_catalogue():
        return f"'cantus fetch {name}' puts the published files there."
    return "Put the published weights there; the path is taken from the project's folder."
