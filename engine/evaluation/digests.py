"""Digests of clips, whatever their names: SHA-256 of the decoded audio, 32 bytes a clip."""

from collections.abc import Container, Iterable, Iterator
from typing import Final

import numpy as np

from engine.errors import UserError

NUM_BYTES: Final = 32


def as_digests(words: Iterable[str]) -> np.ndarray:
    """Digests uint8 [clips, NUM_BYTES] of hexadecimal words, in their order.

    Raises UserError for a word that is not a SHA-256.
    """
    content = bytearray()
    for word in words:
        content += _parse(word)
    return np.frombuffer(bytes(content), np.uint8).reshape(-1, NUM_BYTES)


def keys(digests: np.ndarray) -> list[bytes]:
    """The rows of digests as values that can be looked up."""
    content = np.ascontiguousarray(digests).tobytes()
    return [content[start : start + NUM_BYTES] for start in range(0, len(content), NUM_BYTES)]


def rows_among(digests: np.ndarray, wanted: Container[bytes]) -> Iterator[tuple[int, bytes]]:
    """The rows of many digests whose key is wanted, and that key. Holds a few of them at once."""
    for start in range(0, len(digests), _AT_ONCE):
        part = keys(digests[start : start + _AT_ONCE])
        yield from ((start + row, key) for row, key in enumerate(part) if key in wanted)


def shared_rows(digests: np.ndarray, others: np.ndarray) -> list[int]:
    """The rows of digests that are among others, ascending; either may be many."""
    heads, other_heads = _heads(digests), _heads(others)
    rows = np.flatnonzero(np.isin(heads, other_heads))
    wanted = set(keys(others[np.isin(other_heads, heads[rows])]))
    return [
        row for row, key in zip(rows.tolist(), keys(digests[rows]), strict=True) if key in wanted
    ]


def _heads(digests: np.ndarray) -> np.ndarray:
    """The first 8 bytes of each digest as a number, which is quickly compared."""
    return np.ascontiguousarray(digests[:, :8]).view(np.uint64)[:, 0]


_AT_ONCE = 65_536


def _parse(word: str) -> bytes:
    try:
        digest = bytes.fromhex(word)
    except ValueError:
        digest = b""
    if len(digest) != NUM_BYTES or len(word) != 2 * NUM_BYTES:
        raise UserError(
            f"'{word[:80]}' is not the SHA-256 of a clip's audio, which has 64 hexadecimal digits. "
            "Ingest the corpus again, or restore the file from git."
        )
    return digest
