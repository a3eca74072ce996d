"""Puts the user's own audio in the place of a built-in corpus: copied, tracked by DVC, named."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import tomlkit
from attrs import evolve

from engine.corpus.adopted_copy import Progress, copy, files_to_copy, is_copied, require_room
from engine.corpus.layouts import Listing, list_files
from engine.corpus.layouts.passed_over import found_instead
from engine.corpus.layouts.quota import require_files
from engine.corpus.track import adopting, require_dvc, track
from engine.corpus.unpacked import unpacked
from engine.errors import UserError
from engine.files.atomic import write_atomically
from engine.project import Project
from engine.recipe.params import CorpusSource, load_params, wrong_columns


def adopt(
    folder: Path,
    name: str,
    project: Project,
    *,
    speakers: str | None = None,
    columns: Sequence[str] = (),
    progress: Progress | None = None,
) -> Listing:
    """Copy `folder` to `data/<name>`, have DVC track it, make it the source of corpus `name`.

    The folder itself is only read; links are copied as what they point to, hidden files are left
    out, and Parquet files are unpacked. `speakers` and `columns` set these keys of params.toml. The
    listing's rows cannot be read any more. Raises UserError, having changed nothing, where the
    folder holds no audio, or what cannot be copied, unpacked or tracked, does not fit on the disk,
    is not understood or found, or other files are in its place already, and where another adopt is
    at work.
    """
    wrong = wrong_columns(columns)
    if wrong:
        raise UserError(f"--columns {','.join(columns)}: it {wrong}.")
    source = evolve(load_params(project.params).corpus(name), columns=tuple(columns))
    require_dvc(project, name)
    _require_elsewhere(folder, project)
    target = project.root / "data" / name
    with unpacked(folder, project.root / "build") as taken, adopting(project, name):
        _scan(taken, name, source)
        files = files_to_copy(taken)
        if not is_copied(taken, files, target):
            require_room(taken, files, project)
            copy(taken, files, target, progress)
        listing = _scan(target, name, source)  # the copy, as ingest will read it
        track(project, name)
        _set_source(project, name, speakers, columns)
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


def _scan(folder: Path, name: str, source: CorpusSource) -> Listing:
    with tempfile.TemporaryDirectory() as scratch:
        listing = list_files(folder, Path(scratch), columns=source.columns, follow_links=True)
        require_files(listing, name, source.at_most_bad)
    if not listing.num_candidates:
        raise UserError(
            f"{folder} holds no audio file{found_instead(listing.passed_over)}. Name the folder "
            "that holds your audio."
        )
    return listing


def _set_source(project: Project, name: str, speakers: str | None, columns: Sequence[str]) -> None:
    """Edit params.toml; comments and layout stay."""
    document = tomlkit.parse(project.params.read_text(encoding="utf-8"))
    corpus = document["corpora"][name]
    corpus["source"] = f"data/{name}"
    if speakers:
        corpus["speakers"] = speakers
    corpus.pop("columns", None)
    if columns:
        corpus["columns"] = list(columns)
    write_atomically(project.params, tomlkit.dumps(document))
