"""Coded audio as a `.dac` file, which `dac` reads too. Reading one runs no code of it.

The format is upstream's (`dac.DACFile`, version 1.0.0): a NumPy file with one pickled object, a
table of codes and metadata.
"""

import io
import pickle
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from attrs import frozen

from engine.errors import UserError
from engine.files.atomic import write_atomically
from engine.files.pickles import require_bounded
from engine.files.untrusted import as_user_error

_VERSION = "1.0.0"
_OURS = "cantus"
"""The entry that only this engine writes; upstream ignores it."""
_HEADER = b"{'descr': '|O', 'fortran_order': False, 'shape': (), }"
"""What NumPy writes before one pickled object."""
_HIGHEST_HZ = 768_000
_LOWEST_HZ = 1_000
_LOUDEST = 640.0
"""Decibels from full scale, up or down, within which single precision holds samples."""
_MOST_GAIN = 1e32


@frozen(eq=False)
class DacFile:
    """Codes of audio, and what is needed to restore its length, sample rate and level."""

    codes: np.ndarray
    """uint16 [channels, quantizers, frames]."""
    num_samples: int
    """Length of the original in samples, at its own sample rate."""
    sample_rate_hz: int
    """Sample rate of the original."""
    loudness: np.ndarray
    """Loudness of each channel of the original in LUFS, float32 [channels]; upstream's: of all
    channels together, [1]."""
    gains: tuple[float, ...] | None = None
    """Gain by which each channel was multiplied before coding; upstream does not store it."""


def write_dac_file(file: DacFile, path: Path) -> None:
    """Write a `.dac` file. Raises UserError, and writes nothing, where it could not be read."""
    try:
        _check(file, len(file.codes))
    except ValueError as error:
        raise UserError(
            f"{path} cannot be written: its {error} could not be read back. The audio may be at "
            f"most {_LOUDEST:.0f} dB from full scale; scale it before it is coded."
        ) from error
    metadata = {
        "input_db": file.loudness.astype(np.float32),
        "original_length": file.num_samples,
        "sample_rate": file.sample_rate_hz,
        "chunk_length": file.codes.shape[-1],
        "channels": len(file.codes),
        "padding": True,
        "dac_version": _VERSION,
    }
    table: dict[str, Any] = {"codes": file.codes.astype(np.uint16), "metadata": metadata}
    if file.gains is not None:
        table[_OURS] = {"gains": list(file.gains)}
    content = io.BytesIO()
    np.save(content, np.array(table, dtype=object), allow_pickle=True)
    write_atomically(path, content.getvalue())


def read_dac_file(path: Path) -> DacFile:
    """Read a `.dac` file of this engine or of `dac`; the audio must be coded as a whole.

    Raises UserError where the file is missing, damaged, of another format, or coded in windows.
    """
    if not path.is_file():
        raise UserError(f"There is no file {path}.")
    with as_user_error(f"{path} is damaged, or not a .dac file.", OSError, pickle.UnpicklingError):
        table = _read_table(path)
        metadata, codes = dict(table["metadata"]), _numbers(table["codes"])
        if metadata["dac_version"] != _VERSION:
            raise ValueError("version")
        whole = metadata["padding"] is True and metadata["chunk_length"] >= codes.shape[-1]
        file = DacFile(
            codes=codes,
            num_samples=_whole(metadata["original_length"], 1 << 62),
            sample_rate_hz=_whole(metadata["sample_rate"], _HIGHEST_HZ, _LOWEST_HZ),
            loudness=np.atleast_1d(_numbers(metadata["input_db"]).astype(np.float32)),
            gains=_gains(table[_OURS]["gains"]) if _OURS in table else None,
        )
        _check(file, _whole(metadata["channels"], 1 << 16))
    if not whole:
        raise UserError(
            f"{path} was coded in windows, without their surroundings, which only dac decodes. "
            "Encode the audio again here, or by dac with a --win_duration above its length."
        )
    return file


def _check(file: DacFile, channels: int) -> None:
    codes = file.codes
    if codes.dtype != np.uint16 or codes.ndim != 3 or not codes.size or len(codes) != channels:
        raise ValueError("codes")
    # NaN is beyond every bound, and louder or quieter would end in infinite samples.
    if file.loudness.shape not in {(1,), (channels,)} or not (abs(file.loudness) <= _LOUDEST).all():
        raise ValueError("loudness")
    gains = file.gains
    if gains is not None and (len(gains) != channels or not all(map(_is_undone, gains))):
        raise ValueError("gains")


def _is_undone(gain: float) -> bool:
    """Whether samples that are divided by a gain, in single precision, stay finite."""
    return 1 / _MOST_GAIN <= gain <= _MOST_GAIN


def _numbers(value: Any) -> np.ndarray:
    """A value as an array, which must be one already.

    Nested lists that share their parts could hold far more than their file.
    """
    if not isinstance(value, _Array) or not isinstance(value.plain, np.ndarray):
        raise TypeError("no array")
    return value.plain


def _gains(value: Any) -> tuple[float, ...]:
    if type(value) is not list or not all(type(gain) is float for gain in value):
        raise TypeError("no gains")
    return tuple(value)


def _whole(value: Any, most: int, least: int = 1) -> int:
    if type(value) is not int or not least <= value <= most:
        raise ValueError("no number")
    return value


def _read_table(path: Path) -> Mapping[str, Any]:
    with path.open("rb") as file:
        version = np.lib.format.read_magic(file)
        if version != (1, 0):
            raise ValueError("version")
        length = int.from_bytes(file.read(2), "little")
        if file.read(length).strip() != _HEADER:
            raise ValueError("an array")
        content = file.read()
    require_bounded(content)
    (table,) = _Unpickler(io.BytesIO(content)).load().plain
    return dict(table)


class _DType:
    """Stands for `numpy.dtype` in a pickle: a number's type, or that of any object."""

    def __init__(self, code: str, *_: Any) -> None:
        if not re.fullmatch("[fiu][1248]|O8?", code):
            raise pickle.UnpicklingError(f"type {code}")
        self.plain = np.dtype(code)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.plain = self.plain.newbyteorder(state[1])


class _Array:
    """Stands for `numpy.ndarray` in a pickle, and for the function that makes an empty one.

    An array of objects stays the list that it comes as.
    """

    def __init__(self, *_: Any) -> None:
        self.plain: Any = []

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, is_fortran, content = state
        if dtype.plain == np.dtype(object):
            self.plain = content
        else:
            array = np.frombuffer(content, dtype.plain)
            self.plain = array.reshape(shape, order="F" if is_fortran else "C")


_STAND_INS = {"ndarray": _Array, "_reconstruct": _Array, "dtype": _DType}


class _Unpickler(pickle.Unpickler):
    """Knows arrays of numbers, by stand-ins that do nothing else, and plain values."""

    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] != "numpy" or name not in _STAND_INS:
            raise pickle.UnpicklingError(f"{module}.{name}")
        return _STAND_INS[name]
