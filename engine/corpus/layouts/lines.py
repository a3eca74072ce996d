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

_FIRST_BYTES = 4096
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
    """The lines of a file as text, without a byte order mark.

    The text is UTF-8, or UTF-16 with such a mark, as spreadsheets save it; its lines may end as on
    old Macs. Raises UserError for other content, unless `errors` lets the bytes pass.
    """
    start = first_bytes(path)
    if start.startswith(_UTF_16):
        yield from _decoded_lines(path, "utf-16", "\n", errors)
    elif b"\r" in start.rstrip(b"\r") and b"\n" not in start:
        yield from _decoded_lines(path, "utf-8-sig", None, errors)
    else:
        yield from _utf_8_lines(path, errors)


def first_bytes(path: Path) -> bytes:
    """The beginning of a file. Raises UserError where it cannot be read."""
    try:
        with path.open("rb", buffering=0) as file:
            return file.read(_FIRST_BYTES)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}. Mend it.") from error


def _utf_8_lines(path: Path, errors: Errors) -> Iterator[tuple[int, str]]:
    for number, line in read_lines(path):
        try:
            yield number, line.decode("utf-8-sig" if number == 1 else "utf-8", errors)
        except UnicodeDecodeError as error:
            raise UserError(
                f"{path}, line {number} is not UTF-8 text: save it as UTF-8."
            ) from error


def _decoded_lines(
    path: Path, encoding: str, newline: str | None, errors: Errors
) -> Iterator[tuple[int, str]]:
    try:
        with path.open(encoding=encoding, newline=newline, errors=errors) as file:
            yield from _numbered(path, file.readline)
    except UnicodeError as error:
        raise UserError(f"{path} is not the text that it begins as: save it as UTF-8.") from error
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
