"""Copies the user's folder to data/, and checks that it can be copied."""

import filecmp
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from engine.corpus.layouts.claims import is_hidden, is_plain_file
from engine.corpus.layouts.walk import walk
from engine.errors import UserError
from engine.files.text import visible
from engine.project import Project

Progress = Callable[[int, int], None]
"""Called with the files copied and the files there are."""

_ROOM = 2
"""Times the folder's size that must be free: the copy in data/, and the packed audio."""

_OF_DVC = {"dvc.yaml", "dvc.lock"}
_PARTIAL = ".partial"
_SHOWN = 3


def files_to_copy(folder: Path) -> list[str]:
    """The files to copy, sorted, no hidden ones. Raises UserError where one cannot be copied."""
    inside = sorted(path for path in walk(folder) if not is_hidden(path))
    odd = [path for path in inside if not _is_file(folder / path)]
    if odd:
        raise UserError(
            f"{folder} holds {len(odd)} broken links, links to folders, pipes or devices, which "
            f"cannot be copied: {_some(odd)}. Put files in their place, or take them out."
        )
    _require_names(folder, inside)
    return inside


def _require_names(folder: Path, files: Sequence[str]) -> None:
    """Raise UserError where DVC could not keep a file by its name."""
    undecoded = [path for path in files if not _is_utf8(path)]
    if undecoded:
        raise UserError(
            f"{folder} holds {len(undecoded)} files whose names are not UTF-8, which DVC cannot "
            f"track: {_some(undecoded)}. Rename them; where they are Latin-1, 'convmv -f latin1 -t "
            "utf8 -r --notest FOLDER' does so."
        )
    of_dvc = [path for path in files if _is_dvcs(path)]
    if of_dvc:
        raise UserError(
            f"{folder} holds {len(of_dvc)} files that DVC would take for its own: "
            f"{_some(of_dvc)}. Remove them: DVC wrote them for this folder in another project."
        )


def _is_utf8(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_dvcs(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name in _OF_DVC or name.endswith(".dvc")


def _some(paths: Sequence[str]) -> str:
    more = f", and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(visible(path) for path in paths[:_SHOWN]) + more


def _is_file(path: Path) -> bool:
    try:
        return is_plain_file(path)
    except OSError:
        return False


def is_copied(folder: Path, files: Sequence[str], target: Path) -> bool:
    """Whether the copy is already there, byte for byte. Other files there are an error."""
    if not target.exists():
        return False
    same = sorted(walk(target)) == files
    if same and filecmp.cmpfiles(folder, target, files, shallow=False)[0] == files:
        return True
    raise UserError(
        f"{target} exists already and holds other files than {folder}. Delete it "
        f"(rm -r {target}) if they may go, or choose another name with --as."
    )


def require_room(folder: Path, files: Sequence[str], project: Project) -> None:
    """Raise UserError where the disk has no room for the copy and its packed form."""
    size = sum((folder / inside).stat().st_size for inside in files)
    free = shutil.disk_usage(project.root).free
    if free < _ROOM * size:
        raise UserError(
            f"{folder} holds {size / 1e9:.1f} GB. With its packed form it needs about "
            f"{_ROOM * size / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free. Make room."
        )


def copy(folder: Path, files: Sequence[str], target: Path, progress: Progress | None) -> None:
    """Copy files beside `target`, then rename. Raises UserError where one cannot be copied."""
    beside = target.with_name(f".{target.name}{_PARTIAL}")
    for left in target.parent.glob(f".*{_PARTIAL}"):  # by an adopt that was killed
        shutil.rmtree(left, ignore_errors=True)
    try:
        for number, inside in enumerate(files, start=1):
            (beside / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / inside, beside / inside)
            if progress:
                progress(number, len(files))
        beside.rename(target)
    except OSError as error:
        raise UserError(
            f"{error.filename or folder} cannot be copied to {target}: {error.strerror}. Nothing "
            "is changed; put that right and adopt again."
        ) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
