"""Which of a folder's files are tables that say what the others are."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Literal, get_args

from attrs import frozen

from engine.corpus.layouts.asterisk import is_asterisk
from engine.corpus.layouts.files import Files
from engine.corpus.layouts.json_objects import Object, read_samples
from engine.corpus.layouts.kaldi import RECORDINGS
from engine.corpus.layouts.librispeech import CHAPTER, WHOLE_LIST, is_librispeech
from engine.corpus.layouts.lines import first_bytes
from engine.corpus.layouts.lists import list_of_path, without_list
from engine.corpus.layouts.passed_over import PassedOverTally
from engine.corpus.layouts.prompts import prompts_evidence
from engine.corpus.layouts.rows import Table
from engine.corpus.layouts.speech_commands import LISTS
from engine.corpus.layouts.voice_samples import is_voice_sample
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
    "voice_samples",
    "lists",
    "table",
    "asterisk",
    "prompts",
]
"""In the order in which they are preferred."""

Evidence = Literal["names clips", "by its name", "is a list", "says nothing"]
"""Why a file counts as a table of columns. A list says nothing but that: alone it is no table."""

_KINDS: tuple[Kind, ...] = get_args(Kind)
_OF_COLUMNS: tuple[Kind, ...] = (
    *("metadata_pair", "metadata", "common_voice", "common_voice_validated"),
    *("lists", "table"),
)
_BY_NAME: Mapping[str, Kind] = {**dict.fromkeys(LISTS, "speech_commands"), RECORDINGS: "kaldi"}
_WHOLE: Mapping[Kind, Kind] = {
    "metadata_pair": "metadata",
    "common_voice": "common_voice_validated",
    "lists": "table",
}
_BY_PATTERN: Mapping[str, Kind] = {
    "metadata_*": "metadata_pair",
    "metadata": "metadata",
    "*.tsv": "common_voice",
    "validated.tsv": "common_voice_validated",
}
METADATA = "metadata.csv"
_ALWAYS = frozenset([METADATA, "metadata_train.csv", "metadata_eval.csv"])
_JSON_SUFFIXES = (".json", ".jsonl", ".json.gz", ".jsonl.gz")
_MOST_SNIFFED = 16 << 20

_NOT_READ = "tables that name clips and are not read"
_SAY_NOTHING = "tables that name clips and say nothing of them that is used"
_ALONE = "lists without another one beside them, whose clips are of no list"


@frozen(kw_only=True)
class Tables:
    """The tables that are read."""

    kind: Kind
    tables: tuple[Table, ...]
    supervisions: tuple[Table, ...] = ()
    """Tables of Lhotse's recordings."""

    @property
    def are_of_columns(self) -> bool:
        """Whether columns, or keys of objects, say what a row is."""
        return self.kind in _OF_COLUMNS


@frozen(kw_only=True)
class _Found:
    """A table of a kind, or of columns (None), and how it is known."""

    path: str
    kind: Kind | None
    evidence: Evidence = "names clips"


def find_tables(
    files: Files, of_columns: Callable[[str], Evidence | None], tally: PassedOverTally
) -> Tables | None:
    """The tables of the preferred kind, of those that lie nearest the top.

    `of_columns` says whether a file is a table of columns. The other tables are counted. Raises
    UserError where a .jsonl file cannot be read as JSON.
    """
    nearest: list[_Found] = []
    others: list[_Found] = []
    for _, group in groupby(files.tables(), key=lambda one: one[0]):
        is_settled = any(map(_is_sure, nearest))
        paths = (path for _, path in group)
        found = list(_tables_of(files, paths, of_columns, must_parse=not is_settled))
        if not nearest or (not is_settled and any(map(_is_sure, found))):
            nearest, found = found, nearest
        others += found
    chosen = _preferred([one for one in nearest if one.evidence != "says nothing"])
    read = {table.path for table in (*chosen.tables, *chosen.supervisions)} if chosen else set()
    for one in (*nearest, *others):
        if one.path not in read and one.evidence != "by its name":
            tally.add_file(_SAY_NOTHING if one.evidence == "says nothing" else _NOT_READ, one.path)
    if chosen and chosen.are_of_columns and not _several(chosen.tables):
        for table in chosen.tables:
            if list_of_path(table.path):
                tally.add(_ALONE, table.path)
    return chosen


def is_table_name(path: str) -> bool:
    """Whether a file at the top, by its name alone, says what the others are."""
    special = path in _BY_NAME or _special(without_list(path)) is not None
    return ("/" not in path and special) or path.endswith((".jsonl", ".jsonl.gz"))


def with_lists(paths: Iterable[str]) -> tuple[Table, ...]:
    """Tables with the list that a word of their paths says, where there are several lists."""
    tables = tuple(Table(path=path, listed=list_of_path(path)) for path in paths)
    return tables if _several(tables) else tuple(Table(path=table.path) for table in tables)


def _several(tables: Iterable[Table]) -> bool:
    return len({table.listed for table in tables} - {None}) > 1


def _tables_of(
    files: Files,
    paths: Iterable[str],
    of_columns: Callable[[str], Evidence | None],
    *,
    must_parse: bool,
) -> Iterator[_Found]:
    for path in paths:
        kind = _kind_by_name(files.folder / path)
        if not kind and is_json(files.folder / path):
            kind = _kind_of_json(files.folder / path, must_parse)
        if not kind and is_asterisk(files, path):
            kind = "asterisk"
        if kind:
            yield _Found(path=path, kind=kind)
            continue
        evidence = of_columns(path)
        if evidence or PurePosixPath(path).name in _ALWAYS:
            yield _Found(path=path, kind=None, evidence=evidence or "by its name")
        elif evidence := prompts_evidence(files, path):
            yield _Found(path=path, kind="prompts", evidence=evidence)


def _is_sure(found: _Found) -> bool:
    return found.evidence == "names clips" and found.kind != "lhotse_supervisions"


def _preferred(found: Sequence[_Found]) -> Tables | None:
    """Which tables decide, where several kinds lie side by side.

    Half a pair of lists gives way to the table of all clips.
    """
    groups = [*_of_one_kind(found), *_families([one for one in found if one.kind is None])]
    if not groups:
        return None
    best = min(groups, key=_rank)
    if best.kind == "table":
        paths = [table.path for group in groups if group.kind == "table" for table in group.tables]
        return Tables(kind="table", tables=with_lists(sorted(paths, key=_whole_first)))
    return best


def _of_one_kind(found: Sequence[_Found]) -> list[Tables]:
    by_kind: dict[Kind, list[str]] = {}
    for one in found:
        if one.kind:
            by_kind.setdefault(one.kind, []).append(one.path)
    supervisions = with_lists(by_kind.pop("lhotse_supervisions", ()))
    return [
        Tables(
            kind=kind,
            tables=with_lists(paths),
            supervisions=supervisions if kind == "lhotse_recordings" else (),
        )
        for kind, paths in by_kind.items()
    ]


def _families(found: Sequence[_Found]) -> list[Tables]:
    """Tables of columns by their names, those together that differ only in a word for a list."""
    patterns: dict[str, list[_Found]] = {}
    for one in found:
        patterns.setdefault(without_list(PurePosixPath(one.path).name), []).append(one)
    families = []
    for pattern, some in patterns.items():
        tables = with_lists(one.path for one in some)
        if _several(tables) or any(one.evidence != "is a list" for one in some):
            families.append(Tables(kind=_kind_of_family(pattern, tables), tables=tables))
    return families


def _kind_of_family(pattern: str, tables: Sequence[Table]) -> Kind:
    special = _special(pattern)
    if special:
        return special
    return "lists" if _several(tables) and "*" in pattern else "table"


def _special(pattern: str) -> Kind | None:
    return _BY_PATTERN.get(pattern) or _BY_PATTERN.get(PurePosixPath(pattern).stem)


def _rank(group: Tables) -> tuple[float, int, str]:
    """The preferred kind has the lowest; half a pair stands behind the table of all clips."""
    rank: float = _KINDS.index(group.kind)
    if group.kind in _WHOLE and not _several(group.tables):
        rank = _KINDS.index(_WHOLE[group.kind]) + 0.5
    return rank, -len({table.listed for table in group.tables}), group.tables[0].path


def _whole_first(path: str) -> tuple[bool, bool, str]:
    name = PurePosixPath(path).name.lower()
    return bool(list_of_path(path)), not name.startswith(("metadata", "trans")), path


def _kind_by_name(path: Path) -> Kind | None:
    if path.name.endswith((CHAPTER, WHOLE_LIST)):
        return "librispeech" if is_librispeech(path) else None
    return _BY_NAME.get(path.name)


def is_json(path: Path) -> bool:
    """Whether a file holds JSON: by its name, or as its first byte begins an object.

    Raises UserError where it cannot be read.
    """
    return path.name.lower().endswith(_JSON_SUFFIXES) or first_bytes(path).startswith(b"{")


def _kind_of_json(path: Path, must_parse: bool) -> Kind | None:
    try:
        _, first = next(read_samples(path, at_most=_MOST_SNIFFED), ("", {}))
    except UserError:
        if must_parse and ".jsonl" in path.name.lower():
            raise
        return None  # other JSON is no table, and none of ours
    return _kind_of_object(first)


def _kind_of_object(first: Object) -> Kind | None:
    if "audio_filepath" in first:
        return "nemo"
    if isinstance(first.get("messages"), list):
        return "chatml"
    if is_voice_sample(first):
        return "voice_samples"
    if "tracks" in first or {"recording", "supervisions"} <= first.keys():
        return "lhotse_cuts"
    if {"id", "sources"} <= first.keys():
        return "lhotse_recordings"
    return "lhotse_supervisions" if {"recording_id", "start"} <= first.keys() else None
