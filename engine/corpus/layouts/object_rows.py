"""JSON objects, one a clip: NeMo's manifests, Hugging Face's `metadata.jsonl`.

Keys are known by the names that columns have. `offset` and `duration` cut a part out of a file;
`duration` alone is the file's own length, and cuts nothing. Paths are relative to the table's
folder or the corpus folder.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path

from engine.corpus.layouts.column_names import Role, preference, role_named
from engine.corpus.layouts.columns import NamesAudio, Sample, sample_of
from engine.corpus.layouts.facts import BadNumberError, Facts
from engine.corpus.layouts.files import Files
from engine.corpus.layouts.json_objects import read_objects
from engine.corpus.layouts.lists import list_named
from engine.corpus.layouts.rows import Row, Table

_SAMPLED = 200
_UNDERSTOOD = frozenset(["offset", "duration"])
_NEMO = "audio_filepath"


def object_rows(files: Files, table: Table) -> Iterator[Row]:
    """What the objects of one table say. Raises UserError where one cannot be read."""
    for number, value in read_objects(files.folder / table.path):
        yield _row(Facts(value, f"{table.path} line {number}"), table)


def sample_objects(path: Path, names_audio: NamesAudio) -> tuple[tuple[str, ...], Sample]:
    """The keys of the first objects as columns, and what stands in them. Raises UserError."""
    objects = [value for _, value in islice(read_objects(path), _SAMPLED)]
    keys = tuple(dict.fromkeys(key for value in objects for key in value))
    rows = [[_cell(value.get(key)) for key in keys] for value in objects]
    return keys, sample_of(rows, len(keys), names_audio)


def is_understood(key: str) -> bool:
    """Whether a key that is the name of no column is used all the same."""
    return key in _UNDERSTOOD


def _row(facts: Facts, table: Table) -> Row:
    start, seconds, bad_number = 0.0, None, None
    try:
        offset, duration = facts.seconds("offset"), facts.seconds("duration")
        if offset is not None:
            start, seconds = offset, duration
    except BadNumberError as error:
        bad_number = str(error)
    file = (_NEMO,) if _NEMO in facts.values else _keys(facts, "file")
    return Row(
        place=facts.place,
        name=_name(facts, file) or "",
        bad_number=bad_number,
        start_seconds=start,
        seconds=seconds,
        text=facts.words(*_keys(facts, "text")),
        speaker=facts.words(*_keys(facts, "speaker")),
        language=facts.words(*_keys(facts, "language")),
        label=facts.words(*_keys(facts, "label")),
        listed=table.listed or list_named(facts.words(*_keys(facts, "list")) or ""),
    )


def _keys(facts: Facts, role: Role) -> list[str]:
    return [key for key in _by_preference(tuple(facts.values)) if role_named(key) == role]


@lru_cache
def _by_preference(keys: tuple[str, ...]) -> list[str]:
    return sorted(keys, key=preference)


def _name(facts: Facts, keys: list[str] | tuple[str, ...]) -> str | None:
    """The file that the first of the keys names that names one, alone or as `{"path": ...}`."""
    for key in keys:
        inside = isinstance(facts.values[key], dict)
        name = facts.inside(key).words("path") if inside else facts.words(key)
        if name:
            return name
    return None


def _cell(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("path")
    return str(value).strip() if isinstance(value, str | int | float) else ""
