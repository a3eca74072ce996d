"""Puts the user's own audio in the place of a built-in corpus: copied, tracked by DVC, named."""

import filecmp
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import tomlkit
from attrs import evolve

from engine.corpus.layouts import Listing, list_files
from engine.corpus.layouts.claims import is_hidden, is_plain_file
from engine.corpus.layouts.passed_over import found_instead
from engine.corpus.layouts.quota import require_files
from engine.corpus.layouts.walk import walk
from engine.corpus.track import require_dvc, track_data
from engine.corpus.unpacked import unpacked
from engine.errors import UserError
from engine.files.atomic import write_atomically
from engine.project import Project
from engine.recipe.params import CorpusSource, load_params

Progress = Callable[[int, int], None]
"""Called with the files copied and the files there are."""

_ROOM = 2
"""Times the folder's size that must be free: the copy in data/, and the packed audio."""

_SHOWN = 3


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
    folder holds no audio, or what cannot be copied or unpacked, does not fit on the disk, or is not
    understood or found, or where other files are in its place already.
    """
    source = evolve(load_params(project.params).corpus(name), columns=tuple(columns))
    require_dvc(project)
    _require_elsewhere(folder, project)
    with unpacked(folder, project.root / "build") as taken:
        _scan(taken, name, source)
        target = project.root / "data" / name
        files = _files(taken)
        if not _is_copied(taken, files, target):
            _require_room(taken, files, project)
            _copy(taken, files, target, progress)
        listing = _scan(target, name, source)  # the copy, as ingest will read it
    track_data(project)
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


def _files(folder: Path) -> list[str]:
    """What is to be copied, sorted; hidden files are not."""
    inside = sorted(path for path in walk(folder) if not is_hidden(path))
    odd = [path for path in inside if not _is_file(folder / path)]
    if odd:
        more = f", and {len(odd) - _SHOWN} more" if len(odd) > _SHOWN else ""
        raise UserError(
            f"{folder} holds {len(odd)} broken links, links to folders, pipes or devices, which "
            f"cannot be copied: {', '.join(odd[:_SHOWN])}{more}. Put files in their place, or take "
            "them out."
        )
    return inside


def _is_file(path: Path) -> bool:
    try:
        return is_plain_file(path)
    except OSError:
        return False


def _is_copied(folder: Path, files: Sequence[str], target: Path) -> bool:
    """Whether the copy is already there, byte for byte. Other files there are an error."""
    if not target.exists():
        return False
    same = sorted(walk(target)) == files
    if same and filecmp.cmpfiles(folder, target, files, shallow=False)[0] == files:
        return True
    raise UserError(
        f"{target} is there already and holds other files than {folder}. Delete it "
        f"(rm -r {target}) if they may go, or choose another name with --as."
    )


def _require_room(folder: Path, files: Sequence[str], project: Project) -> None:
    size = sum((folder / inside).stat().st_size for inside in files)
    free = shutil.disk_usage(project.root).free
    if free < _ROOM * size:
        raise UserError(
            f"{folder} holds {size / 1e9:.1f} GB. With its packed form it needs about "
            f"{_ROOM * size / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free. Make room."
        )


def _copy(folder: Path, files: Sequence[str], target: Path, progress: Progress | None) -> None:
    beside = target.with_name(f".{target.name}.partial")
    shutil.rmtree(beside, ignore_errors=True)
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
