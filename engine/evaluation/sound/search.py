"""Looks for landmarks among others: which pairs have codes that differ in few bits.

Locality-sensitive hashing (Indyk and Motwani, 1998): of codes that differ in few bits, one of
sixteen parts is likely to be equal, and only such pairs are compared.
"""

from collections.abc import Iterator

import numpy as np

from engine.evaluation.sound.landmarks import CODE_BYTES

FARTHEST_BITS = 40
"""Codes that differ in more bits, of 320, are of different sounds."""

_PARTS, _PART_BITS = 16, 20
_PAIRS_AT_ONCE = 1 << 21
_CODES_AT_ONCE = 1 << 20


def near_codes(
    queries: np.ndarray, stored: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Pairs of near codes: rows among `queries`, rows among `stored`, bits that differ.

    Both are uint8 [codes, CODE_BYTES]; a pair may come more than once. Memory is bounded, however
    many there are.
    """
    for first in range(0, len(queries), _CODES_AT_ONCE):
        some = queries[first : first + _CODES_AT_ONCE]
        for start in range(0, len(stored), _CODES_AT_ONCE):
            others = np.ascontiguousarray(stored[start : start + _CODES_AT_ONCE])
            for query, other, bits in _near(some, others):
                yield query + first, other + start, bits


def _near(
    queries: np.ndarray, stored: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    words, other_words = _words(queries), _words(stored)
    for part in range(_PARTS):
        keys = _keys(queries, part)
        order = np.argsort(keys, kind="stable")
        starts = np.searchsorted(keys[order], np.arange((1 << _PART_BITS) + 1))
        other_keys = _keys(stored, part)
        counts = starts[other_keys + 1] - starts[other_keys]
        for rows in _shares(counts):
            of_rows = counts[rows]
            other = np.repeat(rows, of_rows)
            ends = np.cumsum(of_rows)
            place = np.arange(ends[-1]) - np.repeat(ends - of_rows, of_rows)
            query = order[starts[other_keys[other]] + place]
            bits = np.bitwise_count(words[query] ^ other_words[other]).sum(1, dtype=np.int64)
            near = bits <= FARTHEST_BITS
            yield query[near], other[near], bits[near]


def _shares(counts: np.ndarray) -> Iterator[np.ndarray]:
    """The rows that have counts, in groups whose counts are about _PAIRS_AT_ONCE."""
    rows = np.flatnonzero(counts)
    if len(rows):
        groups = np.cumsum(counts[rows]) // _PAIRS_AT_ONCE
        yield from np.split(rows, np.flatnonzero(np.diff(groups)) + 1)


def _words(codes: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(codes).view(np.uint64).reshape(-1, CODE_BYTES // 8)


def _keys(codes: np.ndarray, part: int) -> np.ndarray:
    """One of sixteen parts of each code, as a number of 20 bits."""
    byte, half = divmod(part * _PART_BITS, 8)
    first, second, third = codes[:, byte : byte + 3].T.astype(np.int64)
    three = (first << 16) | (second << 8) | third
    keys: np.ndarray = (three >> (4 - half)) & ((1 << _PART_BITS) - 1)
    return keys
