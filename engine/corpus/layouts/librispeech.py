"""LibriSpeech: a `*.trans.txt` in each chapter's folder, a line `ID TEXT` for each of its files.

An id is `SPEAKER-CHAPTER-NUMBER` and lies in `SPEAKER/CHAPTER/`. Multilingual LibriSpeech has one
`transcripts.txt` for each of its lists, with a tab behind the id, which is
`SPEAKER_CHAPTER_NUMBER` and lies in `audio/SPEAKER/CHAPTER/`.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from engine.corpus.layouts.files import Files
from engine.corpus.layouts.lines import read_text_lines
from engine.corpus.layouts.rows import Row, Table

CHAPTER, WHOLE_LIST = ".trans.txt", "transcripts.txt"

_ID = re.compile(r"(\d+)([-_])(\d+)\2\d+(_\d+)?\Z")
_LINE_OF_LIST = re.compile(r"\d+_\d+_\d+\t")


def is_librispeech(path: Path) -> bool:
    """Whether a file is such a table, by its name and the form of its first line."""
    if path.name.endswith(CHAPTER):
        return True
    _, first = next(read_text_lines(path), (1, ""))
    return path.name == WHOLE_LIST and bool(_LINE_OF_LIST.match(first))


def librispeech_rows(files: Files, table: Table) -> Iterator[Row]:
    """What the lines of one table say. Raises UserError where it cannot be read."""
    for number, line in read_text_lines(files.folder / table.path):
        name, *text = line.strip().split(maxsplit=1) or [""]
        if not name:
            continue
        chapter = chapter_of(name)
        yield Row(
            place=f"{table.path} line {number}",
            name=_place(name) if table.path.endswith(WHOLE_LIST) else name,
            text=text[0] if text else None,
            speaker=chapter[0] if chapter else None,
            listed=table.listed,
        )


def chapter_of(name: str) -> tuple[str, str] | None:
    """Speaker and chapter of an id of LibriSpeech or LibriTTS; None for other names."""
    parts = _ID.match(name)
    return (parts[1], parts[3]) if parts else None


def _place(name: str) -> str:
    chapter = chapter_of(name)
    return "/".join(("audio", *chapter, name)) if chapter else name
