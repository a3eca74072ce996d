"""Parquet files as `datasets` writes them: the audio inside becomes files, with a table beside.

A column of audio is a struct with `bytes` (a whole file) and `path` (its name), or with `array`
(samples) and `sampling_rate`, or the bytes alone. A file without one is a table, and becomes one.
"""

import contextlib
import csv
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
from attrs import frozen

from engine.corpus.layouts.column_names import role_named
from engine.errors import UserError

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

SUFFIX = ".parquet"
TABLE, FILE_COLUMN = "metadata.csv", "audio_file"

_ROWS_AT_ONCE = 16
_BUFFER_BYTES = 1 << 20
_LONGEST_NAME = 55
"""Characters, of which each may take four bytes of the 255 that a name has."""


def unpack_parquet(path: Path, folder: Path) -> None:
    """Write the audio of a Parquet file into `folder`, with a table of the columns that are text.

    Files are named by their rows, counted from 0. Memory is that of one group of rows, of which
    `datasets` writes one for every 100 clips. Without audio inside, the table lies at `folder` with
    the suffix .csv. Raises UserError where pyarrow is not there, the file cannot be read, or it has
    several columns of audio.
    """
    with _opened(path) as file:
        columns = _Columns.of(file, path)
        table = folder / TABLE if columns.audio else folder.with_name(f"{folder.name}.csv")
        table.parent.mkdir(parents=True, exist_ok=True)
        with table.open("w", encoding="utf-8", newline="") as lines:
            writer = csv.writer(lines, lineterminator="\n")
            writer.writerow([*([FILE_COLUMN] if columns.audio else []), *columns.places])
            for number, row in enumerate(_rows(file, columns)):
                name = [_write(row[columns.audio], number, folder)] if columns.audio else []
                writer.writerow([*name, *(columns.cell(one, row) for one in columns.places)])


@frozen(kw_only=True)
class _Columns:
    """The column of audio, the others, and what the numbers of their labels mean."""

    audio: str | None
    places: Mapping[str, tuple[str, ...]]
    """Where the words or numbers of a column stand in a row; those of lists stay empty: ()."""
    labels: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, file: "ParquetFile", path: Path) -> "_Columns":
        schema = file.schema_arrow
        audio = [field.name for field in schema if _is_audio(field)]
        if len(audio) > 1 and "audio" not in audio:
            raise UserError(
                f"{path} has {len(audio)} columns of audio: {', '.join(audio)}. Keep one of them, "
                "or call the one that is meant 'audio'."
            )
        one = "audio" if "audio" in audio else audio[0] if audio else None
        places: dict[str, tuple[str, ...]] = {}
        for field in schema:
            if field.name != one:
                places |= _places(field, taken={*places, *schema.names})
        return cls(audio=one, places=places, labels=_labels(schema.metadata or {}))

    def cell(self, name: str, row: Mapping[str, Any]) -> str:
        """What a row says in a column, in one line."""
        value: Any = row
        for part in self.places[name] or ("",):
            value = (value or {}).get(part)
        if value is None:
            return ""
        names = self.labels.get(name, ())
        if isinstance(value, int) and 0 <= value < len(names):
            return names[value]
        return " ".join(str(value).split())


def _is_audio(field: Any) -> bool:
    import pyarrow.types as types

    def is_bytes(kind: Any) -> bool:
        return bool(types.is_binary(kind) or types.is_large_binary(kind))

    if not types.is_struct(field.type):
        return is_bytes(field.type) and role_named(field.name) == "file"
    inside = {one.name: one.type for one in _inside(field)}
    has_samples = {"array", "sampling_rate"} <= inside.keys() and types.is_list(inside["array"])
    return has_samples or ("bytes" in inside and is_bytes(inside["bytes"]))


def _inside(field: Any) -> list[Any]:
    return [field.type.field(number) for number in range(field.type.num_fields)]


def _places(field: Any, taken: set[str]) -> dict[str, tuple[str, ...]]:
    """A column, or the columns that a struct is of, and where each stands in a row."""
    import pyarrow.types as types

    def place(one: Any, *path: str) -> tuple[str, ...]:
        odd = (types.is_nested, types.is_binary, types.is_large_binary)
        return () if any(is_odd(one.type) for is_odd in odd) else path

    if not types.is_struct(field.type):
        return {field.name: place(field, field.name)}
    return {
        f"{field.name}.{one.name}" if one.name in taken else one.name: place(
            one, field.name, one.name
        )
        for one in _inside(field)
    }


def _labels(metadata: Mapping[bytes, bytes]) -> dict[str, Sequence[str]]:
    """What `datasets` says of the numbers in its columns of labels."""
    try:
        features = json.loads(metadata[b"huggingface"])["info"]["features"]
        return {
            name: list(map(str, feature["names"]))
            for name, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}


def _rows(file: "ParquetFile", columns: _Columns) -> Iterator[Mapping[str, Any]]:
    read = {place[0] for place in columns.places.values() if place}
    read |= {columns.audio} if columns.audio else set()
    for group in range(file.num_row_groups):  # a reader of several keeps what it has read
        batches = file.iter_batches(_ROWS_AT_ONCE, [group], columns=[*read], use_threads=False)
        for batch in batches:
            yield from batch.to_pylist()


def _write(cell: Mapping[str, Any] | bytes | None, number: int, folder: Path) -> str:
    """Write a row's audio; its name, or the one it has elsewhere, or none."""
    audio = {"bytes": cell} if isinstance(cell, bytes) else cell or {}
    own = str(audio.get("path") or "")
    name, content = _name(number, own), audio.get("bytes")
    if not content and audio.get("array") and audio.get("sampling_rate"):
        name = f"{_name(number, PurePosixPath(own).stem)}.wav"
        content = _wav(audio["array"], audio["sampling_rate"])
    if not content:
        return own
    (folder / name).write_bytes(content)
    return name


def _wav(array: Any, sampling_rate: Any) -> bytes:
    """A file of samples: a list of each channel, or a single list; empty for other values."""
    file = io.BytesIO()
    try:
        samples = np.asarray(array, np.float32)
        soundfile.write(file, samples.T, int(sampling_rate), format="WAV", subtype="FLOAT")
    except (ValueError, TypeError, soundfile.SoundFileError):
        return b""
    return file.getvalue()


def _name(number: int, own: str) -> str:
    """A row's number, with the name that its audio has, as far as that is one of a file."""
    own = re.sub(r"[^\w.-]+", "_", own.replace("\\", "/").rpartition("/")[2])[-_LONGEST_NAME:]
    return f"{number:07d}_{own}" if own else f"{number:07d}"


@contextlib.contextmanager
def _opened(path: Path) -> Iterator["ParquetFile"]:
    try:
        import pyarrow
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise UserError(
            f"{path} is a Parquet file, and pyarrow, which reads it, is not installed. Install it "
            "with: pip install 'cantus[parquet]'"
        ) from error
    try:
        with ParquetFile(path, buffer_size=_BUFFER_BYTES) as file:
            yield file
    except (pyarrow.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # of the disk, not of what is in the file
        raise UserError(
            f"{path} cannot be read as Parquet: {_first_line(error)}. Fetch it again, or "
            "take it out."
        ) from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
