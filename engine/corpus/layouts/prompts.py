"""Texts in lines of an id and words: AISHELL, VoxForge, JSUT, Festvox (CMU ARCTIC).

`ID WORDS` or `ID:WORDS`, where the id is the name of a file without its suffix wherever it lies, or
Festvox's `( ID "WORDS" )`. VoxForge names the features that were made of its files, in `mfc/` for
`wav/`.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Literal

from engine.corpus.layouts.files import Files
from engine.corpus.layouts.finder import Finder
from engine.corpus.layouts.lines import read_text_lines
from engine.corpus.layouts.passed_over import PassedOverTally
from engine.corpus.layouts.rows import Row, Table
from engine.errors import UserError

_LOOKED_AT = 20
_JSUT = re.compile(r"([\w-]+):\s*(\S.*)")
_FESTVOX = re.compile(r'\(\s*(\S+)\s+"(.*)"\s*\)\Z')


def prompts_evidence(files: Files, path: str) -> Literal["names clips", "says nothing"] | None:
    """Whether most of a file's first lines are the name of an audio file and words.

    One word in letters of ASCII may be a speaker's name as well, and then the file says nothing.
    """
    finder = Finder(files=files, table=path, below=folders_of(path), tally=PassedOverTally())
    try:
        lines = [line for _, line in islice(read_text_lines(files.folder / path), _LOOKED_AT)]
    except UserError:
        return None
    pairs = [_pair(line) for line in lines if line.strip()]
    named = [text for name, text in pairs if text and "." not in name and finder.find(name)]
    if len(named) <= len(pairs) / 2:
        return None
    num_spoken = sum(" " in text or not text.isascii() for text in named)
    return "names clips" if num_spoken > len(named) / 2 else "says nothing"


def folders_of(path: str) -> tuple[str, ...]:
    """Folders in which the files of such a text lie, from its own."""
    return ("", "wav", "wavs", *(("../wav", "../wavs") if "/" in path else ()))


def prompt_rows(files: Files, table: Table) -> Iterator[Row]:
    """What the lines of one file say. Raises UserError where it cannot be read."""
    for number, line in read_text_lines(files.folder / table.path):
        if line.strip():
            name, text = _pair(line)
            yield Row(
                place=f"{table.path} line {number}",
                name=name,
                text=text or None,
                listed=table.listed,
                repeats="same text",
            )


def _pair(line: str) -> tuple[str, str]:
    festvox = _FESTVOX.match(line.strip())
    if festvox:
        return festvox[1], festvox[2].replace('\\"', '"')
    jsut = _JSUT.match(line.strip())
    if jsut:
        return jsut[1], jsut[2]
    name, *text = line.strip().split(maxsplit=1)
    return name.replace("/mfc/", "/wav/"), text[0] if text else ""
