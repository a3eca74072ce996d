"""Asterisk's core sounds: a folder of recordings, and `core-sounds-en.txt` with what they say.

A line is `NAME: WORDS`, NAME the file's path from the table's folder without its suffix; a line
that begins with `;` is a comment, and the first line is one. Recordings may be there in several
encodings (`.g722`, `.wav`, `.gsm`). Sources: the packages of asterisk-core-sounds 1.6.1.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import PurePosixPath

from attrs import define, field

from engine.corpus.layouts.candidate import folder_of, without_suffix
from engine.corpus.layouts.collector import Collector
from engine.corpus.layouts.files import Files
from engine.corpus.layouts.lines import read_text_lines
from engine.corpus.layouts.rows import Row, Table
from engine.errors import UserError

VOICE = re.compile(r"([a-z]{2,3})_[A-Z]{2}_[fm]_(\w+)\Z")
"""A folder of one voice, as Debian calls it: language, country, female or male, name."""
TABLE = re.compile(r"core-sounds-([a-z]{2,3})\.txt\Z")

_LINE = re.compile(r"([^\s:;][^:\s]*):\s*(.*)\Z")
_ENCODINGS = (".g722", ".wav", ".gsm")
"""The preferred one first: 16 kHz, then 8 kHz, then 8 kHz at 13 kbit/s."""
_LOOKED_AT = 40
_REMARK = re.compile(r"\s*(\[[^]]*\]|\([^)]*\)|<[^>]*>)")

_NO_SPEECH = "recordings that are no speech, by their transcripts"
_SEVERAL = "recordings with several transcripts, of which none is certain"
_REMARKS = "recordings whose transcript has a remark in brackets, which may or may not be spoken"
_NO_TEXT = "recordings without a transcript"
_SILENCE = "recordings of silence"
_MUSIC = "music on hold"
_AGAIN = "recordings that are there in a better encoding"


def is_asterisk(files: Files, path: str) -> bool:
    """Whether a text begins with a comment, and most of its first lines name recordings."""
    if not path.endswith(".txt"):
        return False
    try:
        lines = [line for _, line in islice(read_text_lines(files.folder / path), _LOOKED_AT)]
    except UserError:
        if TABLE.match(PurePosixPath(path).name):
            raise
        return False
    if not lines or not lines[0].startswith(";"):
        return False
    names = [found[1] for line in lines if (found := _LINE.match(line.strip()))]
    recordings = _recordings(files, path)
    return sum(name.lower() in recordings for name in names) > len(names) / 2


def asterisk_rows(files: Files, table: Table, collector: Collector) -> Iterator[Row]:
    """What one table says of the recordings in its folder.

    Counted, and no clips, are recordings without words or with doubtful ones, tones, silence and
    music. Raises UserError where the table cannot be read.
    """
    tally, recordings = collector.passed_over, _recordings(files, table.path)
    for name, said in _transcripts(files, table.path).items():
        paths = recordings.pop(name.lower(), [])
        if not paths:
            absent = f"no recording {name} lies beside it"
            yield Row(place=said.places[0], name=name, refused=absent)
            continue
        for path in paths[1:]:
            tally.add_file(_AGAIN, path)
        if why := said.why_no_clip:
            tally.add_file(why, paths[0])
        else:
            yield _row(paths[0], said, table)
    for paths in recordings.values():
        for path in paths:
            tally.add_file(_kind_without_text(path), path)


@define
class _Said:
    """What the lines of a table say of one recording."""

    places: list[str] = field(factory=list)
    texts: list[str] = field(factory=list)

    @property
    def why_no_clip(self) -> str | None:
        """Why nobody knows what the recording says, in words; None where it is known."""
        if len(set(self.texts)) > 1:
            return _SEVERAL
        text = self.texts[0]
        if not text:
            return _NO_TEXT
        if not _REMARK.sub("", text).strip(" ."):
            return _NO_SPEECH
        return _REMARKS if any(map(_is_spoken, _REMARK.findall(text))) else None

    @property
    def text(self) -> str:
        """The words, without a sign in brackets: `at [@]` is "at"."""
        return _REMARK.sub("", self.texts[0]).strip()


def _is_spoken(remark: str) -> bool:
    return any(character.isalnum() for character in remark)


def _transcripts(files: Files, table: str) -> Mapping[str, _Said]:
    found: dict[str, _Said] = defaultdict(_Said)
    for number, line in read_text_lines(files.folder / table):
        match = _LINE.match(line.strip())
        if match:
            found[match[1]].places.append(f"{table} line {number}")
            found[match[1]].texts.append(match[2])
    return found


def _recordings(files: Files, table: str) -> dict[str, list[str]]:
    """Recordings below the table's folder by their names in small letters, the best first."""
    folder = folder_of(table)
    start = f"{folder}/" if folder else ""
    found: dict[str, list[str]] = defaultdict(list)
    for path in files.audio():
        if path.startswith(start):
            found[without_suffix(path.removeprefix(start)).lower()].append(path)
    for paths in found.values():
        paths.sort(key=_rank)
    return found


def _rank(path: str) -> tuple[int, str]:
    suffix = PurePosixPath(path).suffix.lower()
    return (_ENCODINGS.index(suffix) if suffix in _ENCODINGS else len(_ENCODINGS)), path


def _row(path: str, said: _Said, table: Table) -> Row:
    inside = PurePosixPath(path).relative_to(PurePosixPath(table.path).parent)
    voice = VOICE.search(folder_of(table.path) or "")
    named = TABLE.match(PurePosixPath(table.path).name)
    return Row(
        place=said.places[0],
        name=path,
        text=said.text,
        speaker=voice[2] if voice else None,
        language=voice[1] if voice else named[1] if named else None,
        label=inside.parts[0] if len(inside.parts) > 1 else None,
        listed=table.listed,
    )


def _kind_without_text(path: str) -> str:
    folders = PurePosixPath(path).parts[:-1]
    if "silence" in folders:
        return _SILENCE
    return _MUSIC if "moh" in folders else _NO_TEXT
