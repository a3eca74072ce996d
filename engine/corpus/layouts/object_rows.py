"""JSON objects, one a clip: NeMo's manifests, Hugging Face's `metadata.jsonl`.

Keys are known by the names that columns have. `offset` and `duration` cut a part out of a file;
`duration` alone is the file's own length, and cuts nothing. Paths are relative to the table's
folder or the corpus folder.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path

from engine.corpus.layouts.column_names import ROLES, Role, preference, role_named
from engine.corpus.layouts.columns import NamesAudio, Sample, sample_of
from engine.corpus.layouts.facts import Facts
from engine.corpus.layouts.files import Files
from engine.corpus.layouts.json_objects import Object, read_samples
from engine.corpus.layouts.lists import list_named
from engine.corpus.layouts.names import has_audio_suffix
from engine.corpus.layouts.rows import Row, Table

_SAMPLED = 200
_TRIED = 10
_UNDERSTOOD = frozenset(["offset", "duration"])
_NEMO = "audio_filepath"


def object_rows(files: Files, table: Table) -> Iterator[Row]:
    """What the objects of one table say. Raises UserError where one cannot be read."""
    for place, value in _clips(files.folder / table.path):
        yield _row(Facts(value, f"{table.path} {place}"), table)


def sample_objects(path: Path, names_audio: NamesAudio) -> tuple[tuple[str, ...], Sample]:
    """The keys of the first objects as columns, and what stands in them. Raises UserError."""
    objects = [value for _, value in islice(_clips(path), _SAMPLED)]
    keys = tuple(dict.fromkeys(key for value in objects for key in value))
    rows = [[_cell(value.get(key)) for key in keys] for value in objects]
    return keys, sample_of(rows, len(keys), names_audio)


def is_understood(key: str) -> bool:
    """Whether a key that is the name of no column is used all the same."""
    return key in _UNDERSTOOD


def _clips(path: Path) -> Iterator[tuple[str, Object]]:
    """An object for each clip, also where one for all has the clips' files as its keys."""
    for place, value in read_samples(path):
        if not value or not all(map(has_audio_suffix, islice(value, _TRIED))):
            yield place, value
            continue
        for name, said in value.items():
            facts = said if isinstance(said, dict) else {"text": said}
            yield place, {**facts, "file": name}


def _row(facts: Facts, table: Table) -> Row:
    start, seconds, bad_number = facts.part()
    keys = _keys_by_role(tuple(facts.values))
    return Row(
        place=facts.place,
        name=_name(facts, keys["file"]) or "",
        bad_number=bad_number,
        start_seconds=start,
        seconds=seconds,
        text=facts.words(*keys["text"]),
        speaker=facts.words(*keys["speaker"]),
        language=facts.words(*keys["language"]),
        label=facts.words(*keys["label"]),
        listed=table.listed or list_named(facts.words(*keys["list"]) or ""),
    )


@lru_cache
def _keys_by_role(keys: tuple[str, ...]) -> Mapping[Role, Sequence[str]]:
    """The keys that say each thing, the preferred ones first; NeMo's is the file wherever it is."""
    in_order = sorted(keys, key=preference)
    found = {role: [key for key in in_order if role_named(key) == role] for role in ROLES}
    return found | {"file": [_NEMO]} if _NEMO in keys else found


def _name(facts: Facts, keys: Sequence[str]) -> str | None:
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
