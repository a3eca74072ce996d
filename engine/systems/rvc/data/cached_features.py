"""Slices, pitch and content features of a recipe's clips: cached, and computed where missing.

All files and their keys are here. A file holds a few clips; an edit of the code that makes it, or
another method, computes it again.
"""

from collections.abc import Iterable, Iterator

import numpy as np
from attrs import asdict, frozen

from engine.corpus import Corpus
from engine.features.cache import Features, Key
from engine.features.many_files import Job, make_files
from engine.files.source_code import digest_of_code, import_closure
from engine.recipe.params import Work
from engine.system_support.clip_shards import Shard, shards_of
from engine.systems.rvc.data.content_features import STORED, MeasureContent
from engine.systems.rvc.data.methods import Methods
from engine.systems.rvc.data.sliced_clips import MeasureSlices, SlicedClips, read_sliced
from engine.systems.rvc.data.slices import Slicing
from engine.systems.rvc.data.stored_content import StoredContent, stored_in
from engine.systems.rvc.dataset_table import FEATURE_RATE_HZ, MUTE_SECONDS

_SHARD_SECONDS = 30.0
"""Hours of audio in a file, about: lost by a kill at most, and small enough for many workers."""
_APART = (
    "engine.corpus",
    "engine.errors",
    "engine.files",
    "engine.nn.cpu",
    "engine.recipe",
    "engine.systems.rvc.dataset_table",
    "engine.systems.rvc.recipe",
    "engine.training",
)
"""Code that keeps and says, or whose effect stands in a key by another name."""


@frozen(eq=False)
class CachedFeatures:
    """The features of a recipe's corpus: each is read from the cache, or computed and cached."""

    corpus: Corpus
    cache: Features
    methods: Methods
    slicing: Slicing
    work: Work
    """Workers for the measurements that need no GPU; a GPU is used by this process alone."""

    def sliced(self, rows: np.ndarray) -> SlicedClips:
        """The slices of the clips at these rows of the manifest, with their pitch."""
        pitch = self.methods.pitch
        shards = [*self._shards(rows)]
        key = self._key("sliced_clips", pitch)
        jobs = [
            Job("slices.npz", {**key, "clips": s.digest}, MeasureSlices(s, self.slicing, pitch))
            for s in shards
        ]
        title = "slices" if pitch is None else "slices, pitch"
        paths = make_files(self.cache, jobs, self._workers(pitch), title)
        return SlicedClips.joined([*map(read_sliced, paths)], [len(s.rows) for s in shards])

    def content(self, rows: np.ndarray, slices: np.ndarray) -> StoredContent:
        """The content features [frames, dim] of the slices of the clips at these rows.

        `slices` are all that there are of these clips, in their order.
        """
        encoder = self.methods.content
        key, jobs, counts = self._key("content_features", encoder), list[Job](), list[list[int]]()
        for shard, part in _by_shard(self._shards(rows), slices):
            write = MeasureContent(shard, part, encoder)
            jobs.append(Job("content.npy", {**key, "clips": shard.digest}, write))
            counts.append([encoder.num_frames(int(samples)) for samples in part["samples_16k"]])
        paths = make_files(self.cache, jobs, self._workers(encoder), "content features")
        pairs = zip(paths, counts, strict=True)
        return StoredContent(tuple(place for pair in pairs for place in stored_in(*pair)))

    def mute(self) -> np.ndarray:
        """The content features [frames, dim] of three seconds of silence."""
        encoder = self.methods.content
        samples = np.zeros(MUTE_SECONDS * FEATURE_RATE_HZ, np.float32)

        def fill(array: np.ndarray) -> None:
            array[:] = encoder(samples)

        shape = [encoder.num_frames(len(samples)), encoder.dim]
        return self.cache.array(
            "mute", self._key("content_features", encoder), shape, STORED.str, fill
        )

    def _shards(self, rows: np.ndarray) -> Iterator[Shard]:
        return shards_of(self.corpus, rows, self.slicing.sample_rate_hz, _SHARD_SECONDS)

    def _workers(self, method: object) -> Work | None:
        device = getattr(method, "device", None)
        return self.work if device is None or device.type == "cpu" else None

    def _key(self, module: str, method: object) -> Key:
        """Everything besides the clips on which the features of a module and a method depend."""
        roots = [f"{__package__}.{module}"]
        if method is not None:
            roots.append(type(method).__module__)
        return {
            "method": getattr(method, "digest", "none"),
            "slicing": str(asdict(self.slicing)),
            "code": digest_of_code(import_closure(roots, _APART)),
        }


def _by_shard(shards: Iterable[Shard], slices: np.ndarray) -> Iterator[tuple[Shard, np.ndarray]]:
    """Each group with its slices, whose field "clip" counts from its first clip."""
    first = 0
    for shard in shards:
        last = first + len(shard.rows)
        start, stop = np.searchsorted(slices["clip"], [first, last])
        part = slices[start:stop].copy()
        part["clip"] -= first
        yield shard, part
        first = last
