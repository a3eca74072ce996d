"""The lines of a table, one at a time, whatever its length."""

import codecs
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import AnyStr, Literal

from engine.errors import UserError

MAX_LINE = 64 << 20
"""Bytes of the longest line, or JSON object, that is read."""

Errors = Literal["strict", "surrogateescape"]
"""Whether bytes that are no text are an error, or pass."""

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """(number, line) from 1 on; the line keeps its end.

    Raises UserError where one is too long, or the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            yield from _numbered(path, file.readline)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}. Mend it.") from error


def read_text_lines(path: Path, *, errors: Errors = "strict") -> Iterator[tuple[int, str]]:
    """The same as text, without a byte order mark.

    The text is UTF-8, or UTF-16 with such a mark, as spreadsheets save it. Raises UserError where
    it is neither, unless `errors` lets the bytes pass.
    """
    if _is_utf_16(path):
        yield from _utf_16_lines(path)
        return
    for number, line in read_lines(path):
        try:
            yield number, line.decode("utf-8-sig" if number == 1 else "utf-8", errors)
        except UnicodeDecodeError as error:
            raise UserError(
                f"{path}, line {number} is not UTF-8 text: save it as UTF-8."
            ) from error


def _is_utf_16(path: Path) -> bool:
    try:
        with path.open("rb", buffering=0) as file:
            return file.read(2) in _UTF_16
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}. Mend it.") from error


def _utf_16_lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding="utf-16", newline="\n") as file:
            yield from _numbered(path, file.readline)
    except UnicodeError as error:
        raise UserError(
            f"{path} is not the UTF-16 text that it begins as: save it anew."
        ) from error
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}. Mend it.") from error


def _numbered(path: Path, readline: Callable[[int], AnyStr]) -> Iterator[tuple[int, AnyStr]]:
    number = 0
    while line := readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            raise UserError(
                f"{path}, line {number} is longer than {MAX_LINE >> 20} MiB, which no table of "
                "audio files is. Mend it, or take the file out."
            )
        yield number, line
