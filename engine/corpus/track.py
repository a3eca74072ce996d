"""Adopted audio under DVC, all or nothing: data/<name>, data/<name>.dvc, params.toml.

data/builtin, the prompts of the built-in corpora, stays in git (data.dvc records its checksum), so
that a clone without the adopted audio still runs what does not need it.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import yaml

from engine.corpus.source import BUILTIN
from engine.errors import UserError
from engine.files.atomic import write_atomically
from engine.files.lock import locked
from engine.programs import dvc
from engine.project import Project, require_git


def require_dvc(project: Project, name: str) -> None:
    """Raise UserError where DVC cannot track data/<name>: no checkout, no DVC, another layout."""
    require_git(project)
    if not (project.root / ".dvc").is_dir():
        raise UserError(
            f"{project.root} has no .dvc folder, so DVC cannot track data/. Run 'dvc init' there "
            "(in a sub-folder of a git repository: 'dvc init --subdir')."
        )
    if name == BUILTIN:
        raise UserError("data/builtin holds Cantus's own prompts. Name another corpus with --as.")
    if _takes_all(project.root / "data.dvc"):
        raise UserError(
            "data.dvc tracks the whole of data/, as in older releases, and DVC tracks nothing "
            "twice. docs/sharing.md says how to part it."
        )


@contextmanager
def adopting(project: Project, name: str) -> Iterator[None]:
    """Do everything inside completely, or undo all of it.

    A process that is killed leaves data/<name> whole or not at all, and the next adopt goes on.
    Raises UserError where another adopt is at work.
    """
    target = project.root / "data" / name
    ignored = (project.root / ".gitignore", project.root / "data" / ".gitignore")
    busy = "Another adopt is at work in this project. Wait for its end, then adopt again."
    with locked(project.root / "build" / "adopt", busy):
        was_there = target.exists()
        before = {path: _read(path) for path in (project.params, _record(project, name), *ignored)}
        try:
            yield
        except BaseException:
            if not was_there:  # first, for a full disk has room for the rest then
                shutil.rmtree(target, ignore_errors=True)
            for path, content in before.items():
                _restore(path, content)
            raise


def track(project: Project, name: str) -> None:
    """Have DVC keep data/<name> in its cache, so that clones and experiments can get it.

    Raises UserError with DVC's words where it cannot.
    """
    _record(project, name).unlink(missing_ok=True)  # a kill may have torn it, and DVC reads it
    dvc(project.root, "add", f"data/{name}")


def _record(project: Project, name: str) -> Path:
    return project.root / "data" / f"{name}.dvc"


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _restore(path: Path, content: bytes | None) -> None:
    if _read(path) == content:
        return
    if content is None:
        path.unlink()
    else:
        write_atomically(path, content)


def _takes_all(record: Path) -> bool:
    """Whether a .dvc file at the top tracks all of data/."""
    with suppress(OSError, yaml.YAMLError, AttributeError, TypeError):
        outs = yaml.safe_load(record.read_text(encoding="utf-8")).get("outs")
        return any(one.get("path", "").rstrip("/") == "data" for one in outs)
    return False
