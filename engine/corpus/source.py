"""Where a corpus's audio comes from: a folder below data/, or the built-in speech."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.corpus.builtin import synthesize
from engine.errors import UserError
from engine.project import Project

BUILTIN = "builtin"


@contextmanager
def source_folder(name: str, source: str, project: Project, scratch: Path) -> Iterator[Path]:
    """The folder that corpus `name` is made from.

    The built-in corpus is synthesized into `scratch`, from where it goes the same way as any other.
    Raises UserError where `source` is no folder below data/.
    """
    if source == BUILTIN:
        synthesize(name, project.root / "data" / "builtin", scratch)
        yield scratch
    else:
        yield _below_data(name, source, project)


def _below_data(name: str, source: str, project: Project) -> Path:
    key = f"corpora.{name}.source in params.toml"
    data = (project.root / "data").resolve()
    folder = (project.root / source).resolve()
    if data not in folder.parents and (project.root / source).is_symlink():
        raise UserError(
            f"{key} is {source!r}, a link to {folder}, where DVC would not see it change. Delete "
            f"the link and run 'cantus adopt {folder} --as {name}', which copies it there."
        )
    if data not in folder.parents:
        raise UserError(
            f"{key} is {source!r}, which does not lie below data/, so DVC would not see it change. "
            f"Run 'cantus adopt {source} --as {name}', which copies it there."
        )
    if not folder.is_dir():
        raise UserError(
            f"{key} is {source!r}, and there is no such folder. Put it right, set it to "
            f"{BUILTIN!r}, or bring audio there with 'cantus adopt FOLDER --as {name}'."
        )
    return folder
