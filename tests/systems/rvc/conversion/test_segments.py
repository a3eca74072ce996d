import numpy as np
import pytest

from engine.systems.rvc.conversion.disk_samples import DiskSamples
from engine.systems.rvc.conversion.segments import Segment, segments_of, with_context

HZ = 16_000


@pytest.fixture
def stored(tmp_path):
    with DiskSamples(tmp_path, "float64") as samples:

        def stored(values):
            samples.append(values)
            return samples

        yield stored


def noise(seconds):
    return np.random.default_rng(0).normal(0.0, 0.1, int(seconds * HZ))


def test_up_to_41_seconds_are_one_segment(stored):
    assert segments_of(stored(noise(40.9))) == [Segment(0, int(40.9 * HZ))]


def test_longer_audio_is_cut_at_its_quietest_near_every_38_seconds(stored):
    samples = noise(90)
    samples[40 * HZ : 40 * HZ + 400] = 0  # within 6 s of 38 s
    samples[74 * HZ : 74 * HZ + 400] = 0
    samples[50 * HZ : 51 * HZ] = 0  # near neither
    parts = segments_of(stored(samples))
    assert [part.start for part in parts] == [0, 40 * HZ, 74 * HZ]
    assert [part.stop for part in parts] == [40 * HZ, 74 * HZ, 90 * HZ]


@pytest.mark.parametrize("seconds", [0.01, 0.4, 3])
def test_a_segment_is_given_with_a_second_of_its_mirror_image_on_each_side(stored, seconds):
    values = noise(seconds)
    samples = stored(values)
    whole = with_context(samples, segments_of(samples)[0])
    assert np.array_equal(whole, np.pad(values, HZ, mode="reflect").astype(np.float32))


def test_a_segment_within_is_given_with_what_surrounds_it(stored):
    values = noise(6)
    found = with_context(stored(values), Segment(2 * HZ, 3 * HZ))
    assert np.array_equal(found, values[1 * HZ : 4 * HZ + 160].astype(np.float32))


def test_frames_cover_the_end():
    assert [Segment(0, stop).num_frames for stop in (160, 161, 320)] == [1, 2, 2]
