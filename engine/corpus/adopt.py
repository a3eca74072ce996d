"""Puts the user's own audio in the place of a built-in corpus: copied, tracked by DVC, named."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tomlkit

from engine.corpus.adopted_copy import Progress, copy, files_to_copy, is_copied, require_room
from engine.corpus.layouts import Listing, list_files
from engine.corpus.layouts.passed_over import found_instead
from engine.corpus.layouts.quota import require_files
from engine.corpus.track import adopting, require_dvc, track
from engine.corpus.unpacked import unpacked
from engine.errors import UserError
from engine.files.atomic import write_atomically
from engine.project import Project
from engine.recipe.faults import did_you_mean, listed
from engine.recipe.naming import corpus_name
from engine.recipe.params import CorpusSource, load_params, wrong_columns
from engine.recipe.structure import structure


def adopt(
    folder: Path,
    name: str,
    project: Project,
    *,
    speakers: str | None = None,
    columns: Sequence[str] = (),
    rates: Sequence[int] = (),
    at_most_bad: float | None = None,
    progress: Progress | None = None,
) -> Listing:
    """Copy `folder` to `data/<name>`, have DVC track it, make it the source of corpus `name`.

    The folder itself is only read; links are copied as what they point to, hidden files are left
    out, Parquet files are unpacked, and Asterisk's recordings gathered with their transcripts.
    `speakers`, `columns`, `rates` (in Hz) and `at_most_bad` set these keys of params.toml; a corpus
    that is new there needs `rates`. The listing's rows cannot be read any more. Raises UserError,
    having changed nothing, where the folder holds no audio, or what cannot be copied, unpacked or
    tracked, does not fit on the disk, is not understood or found, or other files are in its place
    already, and where another adopt is at work.
    """
    given: dict[str, Any] = {"source": f"data/{name}"}
    given |= {"speakers": speakers} if speakers else {}
    given |= {"columns": [*columns]} if columns else {}
    given |= {"sample_rates_hz": [*rates]} if rates else {}
    given |= {"at_most_bad": at_most_bad} if at_most_bad is not None else {}
    source = _source(project, name, given)
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
        write_atomically(project.params, tomlkit.dumps(_edited(project, name, given)))
    return listing


def _require_elsewhere(folder: Path, project: Project) -> None:
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder. Name the folder that holds your audio.")
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


def _source(project: Project, name: str, given: Mapping[str, Any]) -> CorpusSource:
    """What params.toml will say of the corpus. Raises UserError where it may not say that."""
    wrong = wrong_columns(given.get("columns", ()))
    if wrong:
        raise UserError(f"--columns {','.join(given['columns'])}: it {wrong}.")
    known = load_params(project.params).corpora
    if name not in known and "sample_rates_hz" not in given:
        raise UserError(
            f"params.toml has no [corpora.{name}]{did_you_mean(name, known)} (there are: "
            f"{listed([*known])}). Name one of them with --as, or say at which rates a new one is "
            "packed: --rates 16000,22050."
        )
    wrong = corpus_name(name)
    if wrong:
        raise UserError(f"--as {name}: the name of a corpus {wrong}.")
    table = _edited(project, name, given)["corpora"][name].unwrap()
    source, faults = structure(table, CorpusSource)
    if source is None or faults:
        said = "; ".join(f"{'.'.join(map(str, at))} {what}" for at, what in faults)
        raise UserError(f"[corpora.{name}] of params.toml is not valid: {said}.")
    return source


def _edited(project: Project, name: str, given: Mapping[str, Any]) -> tomlkit.TOMLDocument:
    """params.toml with what is given; its comments and layout stay."""
    document = tomlkit.parse(project.params.read_text(encoding="utf-8"))
    is_new = name not in document["corpora"]
    corpus = document["corpora"].setdefault(name, tomlkit.table())
    corpus.pop("columns", None)
    corpus.update(given)
    if is_new:
        corpus.add(tomlkit.nl())
    return document
