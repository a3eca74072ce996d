"""A file's bytes at any place, in memory that does not grow with the file."""

import os
from pathlib import Path

_HELD_BYTES = 1 << 14
_BLOCK_BYTES = 1 << 16


class FileBytes:
    """Slices of a file, and where something is found in it.

    A memory map would be simpler, but where a disk fails it ends the process instead of raising
    OSError.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self._size = os.fstat(self._file.fileno()).st_size
        self._begin, self._held = 0, b""

    def close(self) -> None:
        """Close the file, as `contextlib.closing` does."""
        self._file.close()

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> bytes:
        start, stop = part.start or 0, part.stop
        begin, end = start - self._begin, stop - self._begin
        if begin < 0 or end > len(self._held):
            if start >= min(stop, self._size):
                return b""
            self._held = os.pread(self._file.fileno(), max(_HELD_BYTES, stop - start), start)
            self._begin, begin, end = start, 0, stop - start
        return self._held[begin:end]

    def find(self, needle: bytes, start: int) -> int:
        """The first place of `needle` from `start` on; -1 where there is none."""
        while start + len(needle) <= self._size:
            block = self[start : start + _BLOCK_BYTES]
            if (found := block.find(needle)) >= 0:
                return start + found
            start += max(1, len(block) - len(needle) + 1)
        return -1

    def behind_zeros(self, start: int) -> int:
        """The first place from `start` on that holds no zero byte."""
        while block := self[start : start + _BLOCK_BYTES]:
            left = block.lstrip(b"\0")
            start += len(block) - len(left)
            if left:
                break
        return start
