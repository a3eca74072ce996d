"""The objects of a JSON or JSONL file, compressed or not, one at a time."""

import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, TextIO, cast

from engine.corpus.layouts.lines import MAX_LINE
from engine.errors import UserError

Object = dict[str, Any]

_GZIP = b"\x1f\x8b"
_CHUNK = 1 << 16
_BETWEEN = re.compile(r"[\s,\[\]]*")
_DECODER = json.JSONDecoder()


def read_objects(path: Path, *, at_most: int = MAX_LINE) -> Iterator[tuple[int, Object]]:
    """(line, object) for the objects of a JSON array, or of a file with one after another.

    No more than `at_most` characters are held at a time. Raises UserError where something is no
    object, cannot be read as JSON, or is longer.
    """
    reader = _Reader(path, at_most)
    try:
        with _opened(path) as file:
            yield from reader.objects(io.TextIOWrapper(file, encoding="utf-8-sig", newline="\n"))
    except UnicodeDecodeError as error:
        raise reader.fault("it is not UTF-8 text") from error
    except (OSError, zlib.error, EOFError) as error:  # damaged compression is among these
        raise reader.fault(f"it cannot be read ({error})") from error


def read_samples(path: Path, *, at_most: int = MAX_LINE) -> Iterator[tuple[str, Object]]:
    """(place, object) likewise, where an object may hold all of them in a list `samples`.

    The place is "line 7", or "line 1 sample 7". Raises UserError as `read_objects` does, and where
    a sample is no object.
    """
    for line, value in read_objects(path, at_most=at_most):
        samples = value.get("samples")
        if not isinstance(samples, list):
            yield f"line {line}", value
            continue
        for number, sample in enumerate(samples, start=1):
            place = f"line {line} sample {number}"
            if not isinstance(sample, dict):
                raise UserError(f"{path}, {place} is no JSON object. Mend it, or take it out.")
            yield place, sample


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        packed = file.read(len(_GZIP)) == _GZIP
    return cast("IO[bytes]", gzip.open(path)) if packed else path.open("rb")


class _Reader:
    """Finds objects in a buffer that is filled as needed."""

    def __init__(self, path: Path, at_most: int) -> None:
        self._path = path
        self._at_most = at_most
        self._line = 1
        self._buffer = ""
        self._place = 0

    def objects(self, file: TextIO) -> Iterator[tuple[int, Object]]:
        while self._skip_to_next(file):
            value, end = self._decode(file)
            if not isinstance(value, dict):
                raise self.fault("there is something else than a JSON object")
            yield self._line, value
            self._pass(end)

    def fault(self, what: str) -> UserError:
        return UserError(
            f"{self._path}, line {self._line}: {what}. A table holds one JSON object a line, or an "
            "array of objects, in UTF-8."
        )

    def _skip_to_next(self, file: TextIO) -> bool:
        while True:
            between = _BETWEEN.match(self._buffer, self._place)
            assert between is not None  # the pattern may be empty
            self._pass(between.end())
            if self._place < len(self._buffer):
                return True
            if not self._fill(file):
                return False

    def _pass(self, end: int) -> None:
        self._line += self._buffer.count("\n", self._place, end)
        self._place = end

    def _decode(self, file: TextIO) -> tuple[Any, int]:
        while True:
            try:
                if self._buffer[self._place] == "{":
                    return _DECODER.raw_decode(self._buffer, self._place)
                raise self.fault("there is something else than a JSON object")
            except json.JSONDecodeError as error:
                if len(self._buffer) > self._at_most or not self._fill(file):
                    raise self.fault(f"this is no whole JSON object ({error.msg})") from error
            except (ValueError, RecursionError) as error:
                raise self.fault("an object is nested too deep, or a number too long") from error

    def _fill(self, file: TextIO) -> bool:
        rest = self._buffer[self._place :]
        more = file.read(max(_CHUNK, len(rest)))
        self._buffer, self._place = rest + more, 0
        return bool(more)
