"""Puts the user's own audio in the place of a built-in corpus: copied, tracked by DVC, named."""

import filecmp
import shutil
from collections.abc import Callable
from pathlib import Path

import tomlkit

from engine.atomic import write_atomically
from engine.corpus.layouts import Listing, list_files
from engine.corpus.layouts.candidate import is_hidden, walk
from engine.corpus.track import require_dvc, track_data
from engine.errors import UserError
from engine.project import Project
from engine.recipe.params import load_params

Progress = Callable[[int, int], None]
"""Called with the files copied and the files there are."""

_ROOM = 2
"""Times the folder's size that must be free: the copy in data/, and the packed audio."""


def adopt(
    folder: Path,
    name: str,
    project: Project,
    *,
    speakers: str | None = None,
    progress: Progress | None = None,
) -> Listing:
    """Copy `folder` to `data/<name>`, have DVC track it, make it the source of corpus `name`.

    The folder itself is only read; links are copied as what they point to, hidden files are left
    out. `speakers` sets that key of params.toml. Raises UserError, having changed nothing, where
    the folder holds no audio, does not fit on the disk, or other files are in its place already.
    """
    load_params(project.params).corpus(name)
    require_dvc(project)
    listing = _scan(folder, project)
    target = project.root / "data" / name
    files = [inside for inside in walk(folder) if not is_hidden(inside)]
    if not _is_copied(folder, files, target):
        _require_room(folder, files, project)
        _copy(folder, files, target, progress)
    track_data(project)
    _set_source(project, name, speakers)
    return listing


def _scan(folder: Path, project: Project) -> Listing:
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder. Name the folder that holds your audio.")
    here, data = folder.resolve(), (project.root / "data").resolve()
    if here == project.root or here in project.root.parents or data in (here, *here.parents):
        raise UserError(
            f"{folder} lies in this project's data/, or around the project. Name a folder "
            "elsewhere, which is then copied to data/."
        )
    listing = list_files(folder)
    if not listing.candidates:
        raise UserError(
            f"{folder} holds no audio file, and {listing.num_other_files} others. Name the folder "
            "that holds your audio."
        )
    return listing


def _is_copied(folder: Path, files: list[Path], target: Path) -> bool:
    """Whether the copy is already there, byte for byte. Other files there are an error."""
    if not target.exists():
        return False
    names = [str(inside) for inside in files]
    same = {str(inside) for inside in walk(target)} == set(names)
    if same and filecmp.cmpfiles(folder, target, names, shallow=False)[0] == names:
        return True
    raise UserError(
        f"{target} is there already and holds other files than {folder}. Delete it "
        f"(rm -r {target}) if they may go, or choose another name with --as."
    )


def _require_room(folder: Path, files: list[Path], project: Project) -> None:
    size = sum((folder / inside).stat().st_size for inside in files)
    free = shutil.disk_usage(project.root).free
    if free < _ROOM * size:
        raise UserError(
            f"{folder} holds {size / 1e9:.1f} GB. With its packed form it needs about "
            f"{_ROOM * size / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free. Make room."
        )


def _copy(folder: Path, files: list[Path], target: Path, progress: Progress | None) -> None:
    beside = target.with_name(f".{target.name}.partial")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        for number, inside in enumerate(files, start=1):
            (beside / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / inside, beside / inside)
            if progress:
                progress(number, len(files))
        beside.rename(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _set_source(project: Project, name: str, speakers: str | None) -> None:
    """Edit params.toml; comments and layout stay."""
    document = tomlkit.parse(project.params.read_text(encoding="utf-8"))
    corpus = document["corpora"][name]
    corpus["source"] = f"data/{name}"
    if speakers:
        corpus["speakers"] = speakers
    write_atomically(project.params, tomlkit.dumps(document))
