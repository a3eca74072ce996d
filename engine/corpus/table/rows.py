"""Tables of attrs objects as JSON lines, read lazily: a million rows cost what one does."""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Generic, TypeVar, overload

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

    Takes 16 bytes a row, and holds the file open: what takes its place meanwhile is not read.
    `numbers` are the rows' places in the file, ascending or not. Raises
    UserError where the file is missing, and where a damaged row is asked for.
    """

    def __init__(self, path: Path, kind: type[Row]) -> None:
        self._path, self._kind = path, kind
        self._file = _OpenFile(path)
        self._starts = _line_starts(self._file.opened)
        self._written = self._file.written()
        self.numbers: np.ndarray = np.arange(len(self._starts) - 1)

    def only(self, places: Sequence[int] | np.ndarray) -> "Rows[Row]":
        """The table that holds the rows at some places of this one."""
        some = object.__new__(Rows)
        some._path, some._kind = self._path, self._kind
        some._file, some._starts, some._written = self._file, self._starts, self._written
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
        return self._read(int(self.numbers[place]))

    def __iter__(self) -> Iterator[Row]:
        return map(self._read, self.numbers.tolist())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_file"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._file = _OpenFile(self._path)
        if self._file.written() != self._written:
            raise UserError(f"{self._path} changed meanwhile: the corpus was ingested again.")

    def _read(self, number: int) -> Row:
        start, stop = self._starts[number : number + 2].tolist()
        line = os.pread(self._file.opened.fileno(), stop - start, start)
        try:
            return structure(json.loads(line.decode("utf-8", ODD_NAMES)), self._kind)
        except (ValueError, RecursionError, cattrs.BaseValidationError) as error:
            raise UserError(f"{self._path} is damaged in line {number + 1}. {AGAIN}") from error


def structure(value: Any, kind: type[Row]) -> Row:
    """A row from plain values. Raises ValueError or a cattrs error for other values."""
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return converter.structure(value, kind)


class _OpenFile:
    """A file that is closed with the last table that reads from it."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise UserError(f"{path} is missing. {AGAIN}")
        self.opened = path.open("rb")

    def __del__(self) -> None:
        if "opened" in vars(self):
            self.opened.close()

    def written(self) -> int:
        """When the file was last changed, in ns."""
        return os.fstat(self.opened.fileno()).st_mtime_ns


def _line_starts(file: BinaryIO) -> np.ndarray:
    """Where each line starts, and where the last one ends."""
    starts, size = [np.zeros(1, np.int64)], 0
    while piece := file.read(_SCANNED_BYTES):
        ends = np.flatnonzero(np.frombuffer(piece, np.uint8) == ord("\n"))
        starts.append(ends + (size + 1))
        size += len(piece)
    joined = np.concatenate(starts)
    return joined if joined[-1] == size else np.append(joined, size)
