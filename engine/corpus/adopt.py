"""Puts the user's own audio in the place of a built-in corpus: copied, tracked by DVC, named."""

import tempfile
from pathlib import Path

import tomlkit

from engine.corpus.adopted_copy import Progress, copy, files_to_copy, is_copied, require_room
from engine.corpus.layouts import Listing, list_files
from engine.corpus.layouts.passed_over import found_instead
from engine.corpus.track import adopting, require_dvc, track
from engine.corpus.unpacked import unpacked
from engine.errors import UserError
from engine.files.atomic import write_atomically
from engine.project import Project
from engine.recipe.params import load_params


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
    out, and Parquet files are unpacked. `speakers` sets that key of params.toml. The listing's rows
    cannot be read any more. Raises UserError, having changed nothing, where the folder holds no
    audio, or what cannot be copied, unpacked or tracked, does not fit on the disk, or other files
    are in its place already, and where another adopt is at work.
    """
    load_params(project.params).corpus(name)
    require_dvc(project, name)
    _require_elsewhere(folder, project)
    target = project.root / "data" / name
    with unpacked(folder, project.root / "build") as taken, adopting(project, name):
        listing = _scan(taken)
        files = files_to_copy(taken)
        if not is_copied(taken, files, target):
            require_room(taken, files, project)
            copy(taken, files, target, progress)
        track(project, name)
        _set_source(project, name, speakers)
    return listing


def _require_elsewhere(folder: Path, project: Project) -> None:
    if not folder.is_dir():
        raise UserError(f"{folder} is no folder. Name the folder that holds your audio.")
    here, data = folder.resolve(), (project.root / "data").resolve()
    if here == project.root or here in project.root.parents or data in (here, *here.parents):
        raise UserError(
            f"{folder} lies in this project's data/, or around the project. Name a folder "
            "elsewhere, which is then copied to data/."
        )


def _scan(folder: Path) -> Listing:
    with tempfile.TemporaryDirectory() as scratch:
        listing = list_files(folder, Path(scratch), follow_links=True)
    if not listing.num_candidates:
        raise UserError(
            f"{folder} holds no audio file{found_instead(listing.passed_over)}. Name the folder "
            "that holds your audio."
        )
    return listing


def _set_source(project: Project, name: str, speakers: str | None) -> None:
    """Edit params.toml; comments and layout stay."""
    document = tomlkit.parse(project.params.read_text(encoding="utf-8"))
    corpus = document["corpora"][name]
    corpus["source"] = f"data/{name}"
    if speakers:
        corpus["speakers"] = speakers
    write_atomically(project.params, tomlkit.dumps(document))
