"""What a server may take of this machine: no more bytes than it said, and no time without end."""

import time
from pathlib import Path

from attrs import define, field

from engine.errors import UserError
from engine.fetch.source import SpoiledError
from engine.files.disk import in_words, require_space

MOST_BYTES = 50 * 10**9
"""Largest size of a file."""
SLOWEST_BYTES = 60_000
SLOW_SECONDS = 60.0
"""A file of which less than those comes in that time is given up."""
_LOOKED_AT_EVERY = 64 * 2**20


@define
class Bounds:
    """Held against what has arrived of a file, piece by piece."""

    address: str
    size: int | None
    """What the server said; None: nothing."""
    folder: Path
    """Where the file grows."""
    _most: int = 0
    _looked_at: int = 0
    _mark: tuple[float, int] = field(factory=lambda: (time.monotonic(), 0))

    def take(self, num_bytes: int) -> None:
        """Count `num_bytes` more bytes of the download.

        Raises SpoiledError where that is more than there should be, UserError where too few come
        or the disk has no room for what nobody knows the length of.
        """
        if num_bytes > (MOST_BYTES if self.size is None else self.size):
            said = "any file has" if self.size is None else f"the {in_words(self.size)} it said"
            raise SpoiledError(f"{self.address} sends more bytes than {said}.")
        if self.size is None and num_bytes > self._looked_at:
            self._looked_at = num_bytes + _LOOKED_AT_EVERY
            require_space(self.folder, _LOOKED_AT_EVERY)
        self._require_pace(num_bytes)

    def _require_pace(self, num_bytes: int) -> None:
        # A server that sends its first bytes again and again comes no further.
        self._most = max(self._most, num_bytes)
        since, before = self._mark
        if self._most - before >= SLOWEST_BYTES or not before:
            self._mark = (time.monotonic(), max(self._most, 1))
        elif time.monotonic() - since > SLOW_SECONDS:
            raise UserError(
                f"{self.address} sent {self._most - before:,} bytes in {SLOW_SECONDS:g} s: it is "
                "as good as silent. Try later, or name another place with --from."
            )


def require_sane(address: str, size: int | None) -> None:
    """Raise UserError where a server says that a file has more bytes than any."""
    if size is not None and size > MOST_BYTES:
        raise UserError(
            f"{address} says that it has {size:.3g} bytes: no file of weights is that large. Name "
            "another place with --from."
        )
