"""Which files share a shard: cut by the files' names, so that new files move few others."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from engine.corpus.layouts import Candidate
from engine.corpus.layouts.database import encode

FILES_PER_SHARD = 64
"""On average. Shards are what workers are handed and what is kept when files are added."""
MOST_FILES = 128
SHARD_BYTES = 256 * 2**20
"""A shard is closed at the file with which it reaches either."""

Shard = tuple[tuple[Candidate, ...], ...]
"""Files in order, each as its candidates."""


def cut_into_shards(
    candidates: Iterable[Candidate], size_of: Callable[[str], int]
) -> Iterator[Shard]:
    """Candidates, sorted by path, in shards that are a pure function of the paths and sizes.

    A shard ends with a file whose name's hash says so, as in content-defined chunking
    (Muthitacharoen et al., LBFS, 2001): a file that is added or taken out changes the shard it
    falls into, and at most those up to the next such name.
    """
    files: list[tuple[Candidate, ...]] = []
    num_bytes = 0
    for path, parts in groupby(candidates, key=lambda one: one.path):
        files.append(tuple(parts))
        num_bytes += size_of(path)
        if num_bytes >= SHARD_BYTES or len(files) == MOST_FILES or _ends_shard(path):
            yield tuple(files)
            files, num_bytes = [], 0
    if files:
        yield tuple(files)


def _ends_shard(path: str) -> bool:
    digest = hashlib.sha256(encode(path)).digest()
    return int.from_bytes(digest[:8], "big") % FILES_PER_SHARD == 0
