"""The lines of a table, one at a time, whatever its length."""

from collections.abc import Iterator
from pathlib import Path

from engine.errors import UserError

MAX_LINE = 64 << 20
"""Bytes of the longest line, or JSON object, that is read."""


def read_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """(number, line) from 1 on; the line keeps its end.

    Raises UserError where one is too long, or the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            lines = iter(lambda: file.readline(MAX_LINE + 1), b"")
            for number, line in enumerate(lines, start=1):
                if len(line) > MAX_LINE:
                    raise UserError(
                        f"{path}, line {number} is longer than {MAX_LINE >> 20} MiB, which no "
                        "table of audio files is. Mend it, or take the file out."
                    )
                yield number, line
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}. Mend it.") from error


def read_text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The same as text, without a byte order mark. Raises UserError where it is not UTF-8."""
    for number, line in read_lines(path):
        try:
            yield number, line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise UserError(
                f"{path}, line {number} is not UTF-8 text: save it as UTF-8."
            ) from error
