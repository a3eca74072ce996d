"""Tables of attrs objects as JSON lines, read lazily: a million rows cost what one does."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Generic, TypeVar, overload

import cattrs
import numpy as np

from engine.errors import UserError

Row = TypeVar("Row")

# A file name need not be valid UTF-8. Its odd bytes go through Python as surrogates, and back.
ODD_NAMES = "surrogateescape"

AGAIN = "Run 'cantus ingest' for this corpus again."

_SCANNED_BYTES = 1 << 24

converter = cattrs.Converter(forbid_extra_keys=True, omit_if_default=True)


def to_line(row: object) -> str:
    """A row as one line of JSON, without what has its default."""
    return json_line(converter.unstructure(row))


def json_line(value: Any) -> str:
    """Plain values as one line of JSON."""
    return json.dumps(value, ensure_ascii=False) + "\n"


class Rows(Sequence[Row], Generic[Row]):
    """The rows of a file, or some of them, each read and checked when it is asked for.

    Takes 16 bytes a row. `numbers` are the rows' places in the file, ascending or not. Raises
    UserError where the file is missing, and where a damaged row is asked for.
    """

    def __init__(self, path: Path, kind: type[Row]) -> None:
        if not path.is_file():
            raise UserError(f"{path} is missing. {AGAIN}")
        self._path, self._kind = path, kind
        self._starts = _line_starts(path)
        self.numbers: np.ndarray = np.arange(len(self._starts) - 1)

    def only(self, places: Sequence[int] | np.ndarray) -> "Rows[Row]":
        """The table that holds the rows at some places of this one."""
        some = object.__new__(Rows)
        some._path, some._kind, some._starts = self._path, self._kind, self._starts
        some.numbers = self.numbers[np.asarray(places, np.int64)]
        return some

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, place: int) -> Row: ...

    @overload
    def __getitem__(self, place: slice) -> "Rows[Row]": ...

    def __getitem__(self, place: int | slice) -> "Row | Rows[Row]":
        if isinstance(place, slice):
            return self.only(np.arange(len(self))[place])
        number = int(self.numbers[place])
        with self._path.open("rb") as file:
            file.seek(int(self._starts[number]))
            return self._parse(number, file.readline())

    def __iter__(self) -> Iterator[Row]:
        with self._path.open("rb") as file:
            place = 0
            for number in self.numbers.tolist():
                start = int(self._starts[number])
                if start != place:
                    file.seek(start)
                line = file.readline()
                place = start + len(line)
                yield self._parse(number, line)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def _parse(self, number: int, line: bytes) -> Row:
        try:
            return structure(json.loads(line.decode("utf-8", ODD_NAMES)), self._kind)
        except (ValueError, RecursionError, cattrs.BaseValidationError) as error:
            raise UserError(f"{self._path} is damaged in line {number + 1}. {AGAIN}") from error


def structure(value: Any, kind: type[Row]) -> Row:
    """A row from plain values. Raises ValueError or a cattrs error where they are none."""
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return converter.structure(value, kind)


def _line_starts(path: Path) -> np.ndarray:
    """Where each line starts, and where the last one ends."""
    starts, size = [np.zeros(1, np.int64)], 0
    with path.open("rb") as file:
        while piece := file.read(_SCANNED_BYTES):
            ends = np.flatnonzero(np.frombuffer(piece, np.uint8) == ord("\n"))
            starts.append(ends + (size + 1))
            size += len(piece)
    joined = np.concatenate(starts)
    return joined if joined[-1] == size else np.append(joined, size)
