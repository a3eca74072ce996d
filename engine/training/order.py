"""Which clips make which step: a pure function of (seed, epoch, step, rank)."""

from collections.abc import Iterator, Sequence

import numpy as np
from attrs import frozen


@frozen
class Order:
    """The order of a training set's clips, without state, so that resuming replays nothing.

    Every epoch is one pass. Clips are shuffled, then sorted by length inside pools of
    `POOL_BATCHES` batches, so that clips of similar length share a batch; the batches are shuffled
    again. With several ranks each takes every world_size-th clip of a batch; the few clips that a
    last short batch cannot share out evenly sit that epoch out.
    """

    POOL_BATCHES = 50

    lengths: Sequence[int]
    batch_size: int
    seed: int
    rank: int = 0
    world_size: int = 1

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch, the last of which may be smaller."""
        return -(-self._num_clips // self.batch_size)

    @property
    def _num_clips(self) -> int:
        clips = len(self.lengths)
        tail = clips % self.batch_size
        return clips - tail % self.world_size

    def steps(self, start: int) -> Iterator[tuple[int, np.ndarray]]:
        """(step, this rank's clip indices) from step `start` on, without end."""
        epoch, skip = divmod(start, self.steps_per_epoch)
        while True:
            for place, batch in enumerate(self.epoch(epoch)[skip:], start=skip):
                yield epoch * self.steps_per_epoch + place, batch[self.rank :: self.world_size]
            epoch, skip = epoch + 1, 0

    def epoch(self, epoch: int) -> list[np.ndarray]:
        """The batches of one epoch, over all ranks."""
        random = np.random.default_rng([self.seed, epoch])
        clips = random.permutation(len(self.lengths))[: self._num_clips]
        lengths = np.asarray(self.lengths)[clips]
        pool = np.arange(len(clips)) // (self.batch_size * self.POOL_BATCHES)
        clips = clips[np.lexsort((lengths, pool))]
        batches = np.split(clips, range(self.batch_size, len(clips), self.batch_size))
        full = len(batches) - (len(batches[-1]) < self.batch_size)
        places = [*random.permutation(full), *range(full, len(batches))]
        return [batches[place] for place in places]


def longest_batch(lengths: Sequence[int], batch_size: int) -> np.ndarray:
    """Indices of the longest clips: the batch that needs most memory and time."""
    return np.argsort(np.asarray(lengths), kind="stable")[-batch_size:]
