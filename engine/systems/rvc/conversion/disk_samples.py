"""Samples on disk: an hour of them takes no memory."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

BLOCK = 1 << 18
"""Samples that are held at once."""


class DiskSamples:
    """Mono samples in a file without a name: it is gone when the process ends, however it ends."""

    def __init__(self, folder: Path, kind: str) -> None:
        self._kind = np.dtype(kind)
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 (closed by `__exit__`)
        self._length = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def __len__(self) -> int:
        return self._length

    def append(self, samples: np.ndarray) -> None:
        """Add samples at the end."""
        self.write(self._length, samples)

    def write(self, start: int, samples: np.ndarray) -> None:
        """Put samples at `start`, over what is there."""
        self._file.seek(start * self._kind.itemsize)
        self._file.write(np.ascontiguousarray(samples, self._kind).data)
        self._length = max(self._length, start + len(samples))

    def read(self, start: int, stop: int) -> np.ndarray:
        """The samples from `start` to `stop`, or to the end where that is before."""
        number = max(0, min(stop, self._length) - start)
        samples = np.empty(number, self._kind)
        self._file.seek(start * self._kind.itemsize)
        self._file.readinto(samples.data.cast("B") if number else bytearray())
        return samples

    def resize(self, length: int) -> None:
        """Cut the end off, or add silence."""
        self._file.truncate(length * self._kind.itemsize)
        self._length = length

    def blocks(self) -> Iterator[np.ndarray]:
        """All of them, from the first."""
        for start in range(0, self._length, BLOCK):
            yield self.read(start, start + BLOCK)
