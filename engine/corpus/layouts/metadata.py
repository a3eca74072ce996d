"""A folder with a `metadata.csv`: LJSpeech's, or one whose first line names its columns."""

import csv
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from attrs import evolve, frozen

from engine.corpus.layouts.candidate import Candidate, Found, Listing
from engine.corpus.layouts.folder import folder_of
from engine.corpus.manifest import Quarantined
from engine.errors import UserError

METADATA = "metadata.csv"

# LJSpeech and Coqui write id|text|normalised text, without a first line that names them.
_LJSPEECH = ("id", "text", "normalised")
_FILE_COLUMNS = ("id", "audio_file", "path", "file_name")
_COLUMNS = frozenset(
    (*_FILE_COLUMNS, "text", "normalised", "speaker", "speaker_name", "language", "label")
)


@frozen
class _Row:
    place: str
    cells: Mapping[str, str]

    def first(self, *names: str) -> str | None:
        return next((self.cells[name] for name in names if self.cells.get(name)), None)


def list_metadata(folder: Path, found: Found, *, speaker_folders: bool) -> Listing:
    """Every audio file is a clip; those that the table names get its text, speaker, language.

    A file without a row has no text, which the report counts. A row without a file is quarantined.
    """
    by_name = _by_name(found)
    candidates = {path: Candidate(path=path) for path in found.audio}
    missing = []
    for row in _read_rows(folder / METADATA):
        name = row.first(*_FILE_COLUMNS) or ""
        path = by_name.get(name)
        if path is None:
            detail = f"named in {row.place}, but not there"
            missing.append(Quarantined(path=name, reason="unreadable", detail=detail))
        else:
            candidates[path] = _candidate(path, row)
    if speaker_folders:
        candidates = {path: _speaker_from_folder(one) for path, one in candidates.items()}
    return Listing(
        layout="metadata",
        candidates=tuple(candidates[path] for path in found.audio),
        missing=tuple(sorted(missing, key=lambda one: one.path)),
        num_other_files=found.num_others,
    )


def _candidate(path: str, row: _Row) -> Candidate:
    return Candidate(
        path=path,
        text=row.first("normalised", "text"),
        speaker=row.first("speaker", "speaker_name"),
        language=row.first("language"),
        label=row.first("label"),
    )


def _speaker_from_folder(candidate: Candidate) -> Candidate:
    return evolve(candidate, speaker=candidate.speaker or folder_of(candidate.path))


def _by_name(found: Found) -> dict[str, str]:
    """A table names a file by its path, with or without suffix, and with or without `wavs/`."""
    names: dict[str, str] = {}
    for path in (*found.audio, *(one.path for one in found.unreadable)):
        for name in (path, str(PurePosixPath(path).with_suffix(""))):
            names.setdefault(name, path)
            names.setdefault(name.removeprefix("wavs/"), path)
    return names


def _read_rows(path: Path) -> list[_Row]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text: save it as UTF-8.") from error
    # str.splitlines would also split at U+2028 and others, which a transcript may hold.
    lines = list(csv.reader(text.split("\n"), delimiter="|", quoting=csv.QUOTE_NONE))
    header = lines[0] if lines and set(lines[0]) <= _COLUMNS else None
    columns = header or _LJSPEECH
    rows = []
    for number, cells in enumerate(lines, start=1):
        if not cells or cells is header:
            continue
        if len(cells) > len(columns) or len(cells) < 2:
            raise UserError(
                f"{path}, line {number}: {len(cells)} columns, expected {'|'.join(columns)}."
            )
        stripped = (cell.strip() for cell in cells)
        rows.append(_Row(f"{path.name} line {number}", dict(zip(columns, stripped, strict=False))))
    return rows
