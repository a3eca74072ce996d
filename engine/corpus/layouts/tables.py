"""Which of a folder's files are tables that say what the others are."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Literal, get_args

from engine.corpus.layouts.delimited import names_columns
from engine.corpus.layouts.files import Files
from engine.corpus.layouts.json_objects import Object, read_objects
from engine.corpus.layouts.kaldi import RECORDINGS
from engine.corpus.layouts.librispeech import is_librispeech
from engine.corpus.layouts.lines import read_text_lines
from engine.corpus.layouts.lists import list_of_path
from engine.corpus.layouts.metadata import METADATA, PAIR
from engine.corpus.layouts.rows import Table
from engine.corpus.layouts.speech_commands import LISTS
from engine.errors import UserError

Kind = Literal[
    "speech_commands",
    "metadata_pair",
    "metadata",
    "common_voice",
    "common_voice_validated",
    "librispeech",
    "kaldi",
    "lhotse_cuts",
    "lhotse_recordings",
    "lhotse_supervisions",
    "nemo",
    "chatml",
]
"""In the order in which they are preferred."""

_WITHOUT_LISTS: dict[Kind, Kind] = {
    "metadata_pair": "metadata",
    "common_voice": "common_voice_validated",
}
_NAMES: dict[str, Kind] = {
    METADATA: "metadata",
    **dict.fromkeys(PAIR, "metadata_pair"),
    **dict.fromkeys(LISTS, "speech_commands"),
    RECORDINGS: "kaldi",
}
_COMMON_VOICE: dict[str, Kind] = {
    **dict.fromkeys(("train.tsv", "dev.tsv", "test.tsv"), "common_voice"),
    "validated.tsv": "common_voice_validated",
}
_JSON_SUFFIXES = (".json", ".jsonl", ".json.gz", ".jsonl.gz")
_MOST_SNIFFED = 16 << 20


def find_tables(files: Files) -> dict[Kind, list[Table]]:
    """Tables by kind, of those that lie nearest the top, whichever folder they are in.

    Raises UserError where a .jsonl file cannot be read as JSON.
    """
    for _, group in groupby(files.tables(), key=lambda one: one[0]):
        paths: dict[Kind, list[str]] = {}
        for _, path in group:
            kind = _kind(files.folder / path)
            if kind:
                paths.setdefault(kind, []).append(path)
        if paths.keys() - {"lhotse_supervisions"}:
            return {kind: with_lists(some) for kind, some in paths.items()}
    return {}


def preferred(tables: Mapping[Kind, Sequence[Table]]) -> Kind:
    """Which kind of tables decides, where several lie side by side.

    Half a pair, or one of Common Voice's lists alone, gives way to the table of all clips.
    """
    kinds: tuple[Kind, ...] = get_args(Kind)
    kind = next(kind for kind in kinds if kind in tables and kind != "lhotse_supervisions")
    whole = _WITHOUT_LISTS.get(kind, kind)
    several = len({table.listed for table in tables[kind]}) > 1
    return whole if whole in tables and not several else kind


def is_table_name(path: str) -> bool:
    """Whether a file at the top, by its name alone, says what the others are."""
    return path in _NAMES or path in _COMMON_VOICE or path.endswith((".jsonl", ".jsonl.gz"))


def with_lists(paths: Iterable[str]) -> list[Table]:
    """Tables with the list that a word of their names says, where there are several lists."""
    lists = {path: list_of_path(path) for path in paths}
    several = len({listed for listed in lists.values() if listed}) > 1
    return [Table(path=path, listed=lists[path] if several else None) for path in lists]


def _kind(path: Path) -> Kind | None:
    if path.name in _NAMES:
        return _NAMES[path.name]
    if path.suffix == ".txt":
        return "librispeech" if is_librispeech(path) else None
    if path.name in _COMMON_VOICE:
        first = next(read_text_lines(path), (1, ""))[1]
        return _COMMON_VOICE[path.name] if names_columns(first) else None
    if not path.name.lower().endswith(_JSON_SUFFIXES):
        return None
    try:
        _, first_object = next(read_objects(path, at_most=_MOST_SNIFFED), (1, {}))
    except UserError:
        if ".jsonl" in path.name.lower():
            raise
        return None  # other JSON is no table, and none of ours
    return _kind_of_object(first_object)


def _kind_of_object(first: Object) -> Kind | None:
    if "audio_filepath" in first:
        return "nemo"
    if isinstance(first.get("messages"), list):
        return "chatml"
    if "tracks" in first or {"recording", "supervisions"} <= first.keys():
        return "lhotse_cuts"
    if {"id", "sources"} <= first.keys():
        return "lhotse_recordings"
    return "lhotse_supervisions" if {"recording_id", "start"} <= first.keys() else None
