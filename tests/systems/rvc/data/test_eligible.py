"""No clip is passed over: each has a slice, or a reason why not."""

import numpy as np
import pytest
from attrs import evolve

from engine.corpus import Corpus
from engine.systems.rvc.data.eligible import eligible_places
from engine.systems.rvc.data.silence import SilenceSlicer
from engine.systems.rvc.data.sliced_clips import SlicedClips
from engine.systems.rvc.data.slices import Dropped

LOUD = 0.1


def test_a_clip_with_neither_a_slice_nor_a_reason_is_a_mistake_of_the_code(
    recordings_of, make_voices_recipe, voices_project
):
    recordings = recordings_of(make_voices_recipe())
    corpus = Corpus.open(voices_project.corpus("voices"))
    whole = recordings.sliced
    kept = whole.slices["clip"] != 2
    pitch = tuple(hertz for hertz, keep in zip(whole.pitch, kept, strict=True) if keep)
    without = SlicedClips(whole.slices[kept], pitch, ())
    with pytest.raises(AssertionError, match=r"clip anna/02 was neither cut"):
        eligible_places(corpus, recordings.voices, without, has_pitch=True)
    dropped = evolve(without, dropped=(Dropped(2, 0, 9, "silent", "peak 0"),))
    usable, left_out = eligible_places(corpus, recordings.voices, dropped, has_pitch=True)
    assert [(one.id, one.reason) for one in left_out] == [("anna/02", "silent")]
    assert usable.tolist() == [0, 1, *range(3, 12)]


@pytest.mark.parametrize("rate", [16_000, 40_000])
def test_every_frame_that_is_not_silent_is_kept(rate):
    """Of runs of any length, with ties, and loud frames at the very ends."""
    slicer, random = SilenceSlicer(rate), np.random.default_rng(0)
    for _ in range(2000):
        runs = random.integers(1, 150, random.integers(1, 8))
        loud = np.repeat(np.arange(len(runs)) % 2 == random.integers(2), runs)
        loud[random.choice([0, -1, len(loud) // 2])] = True
        quiet = random.choice([0.0, 1e-4, 2e-3], len(loud))
        num_samples = (len(loud) - 1) * slicer.hop + int(random.choice([0, slicer.hop - 1]))
        ranges = slicer.ranges(np.where(loud, LOUD, quiet), num_samples)
        at = np.minimum(np.flatnonzero(loud) * slicer.hop, max(num_samples - 1, 0))
        if num_samples:
            held = [any(start <= one < stop for start, stop in ranges) for one in at.tolist()]
            assert all(held)
