"""Groups of clips whose features share a file."""

from collections.abc import Iterator

import numpy as np
from attrs import frozen

from engine.corpus import Corpus, PackedAudio
from engine.corpus.audio.pcm import RESAMPLER
from engine.files.checksum import digest_of


@frozen(eq=False)
class Shard:
    """A few clips that follow each other."""

    packed: PackedAudio
    rows: tuple[int, ...]
    """Rows of the manifest."""
    ids: tuple[str, ...]
    digest: str
    """Digest of the clips' samples at the rate of the packed audio."""


def shards_of(
    corpus: Corpus, rows: np.ndarray, sample_rate_hz: int, seconds: float
) -> Iterator[Shard]:
    """The clips at these rows in groups of about so much audio.

    Whether a group ends with a clip is decided by the clip's digest, more often the longer it is,
    so that a clip that is added or removed changes its own group alone.
    """
    packed, group = corpus.packed(sample_rate_hz), list[int]()
    for row in rows.tolist():
        clip = corpus.manifest.clips[row]
        group.append(row)
        if int(clip.sha256[:8], 16) / 2**32 < clip.seconds / seconds:
            yield _shard(corpus, packed, group)
            group = []
    if group:
        yield _shard(corpus, packed, group)


def _shard(corpus: Corpus, packed: PackedAudio, rows: list[int]) -> Shard:
    clips = [corpus.manifest.clips[row] for row in rows]
    digest = digest_of([[clip.sha256 for clip in clips], packed.sample_rate_hz, RESAMPLER])
    return Shard(packed, tuple(rows), tuple(clip.id for clip in clips), digest)
