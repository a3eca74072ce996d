"""Batches hold what was measured of each slice, padded, with segments inside it."""

import numpy as np
import pytest
import torch

from engine.analysis.pitch.coarse import coarse_bins, interpolate_unvoiced
from engine.systems.rvc.dataset_table import NoPitch


@pytest.fixture
def recordings(recordings_of, make_voices_recipe):
    return recordings_of(make_voices_recipe())


@pytest.fixture
def slices(recordings):
    return recordings.training


def random():
    return np.random.default_rng(5)


def test_a_batch_holds_each_slice_and_pads_it(slices):
    indices = [0, int(np.argmax(slices.lengths)), len(slices) - 1]
    batch = slices.batch(indices, random())
    longest = int(slices.lengths[indices].max())
    assert batch["content"].shape == (3, longest, 768)
    assert batch["audio"].shape == (3, 1, longest * 160)
    assert batch["f0"].shape == batch["f0_coarse"].shape == (3, longest)
    assert batch["lengths"].tolist() == slices.lengths[indices].tolist()
    for place, index in enumerate(indices):
        frames = int(slices.lengths[index])
        stored = torch.from_numpy(slices.content[index].astype(np.float32))
        content = batch["content"][place]
        assert torch.equal(content[:frames:2], stored[: (frames + 1) // 2])
        assert torch.equal(content[1:frames:2], stored[: frames // 2])
        assert np.array_equal(batch["audio"][place, 0, : frames * 160], slices.audio(index))
        assert np.array_equal(batch["f0"][place, :frames], slices.pitch[index][:frames])
        assert not content[frames:].any()
        assert not batch["audio"][place, 0, frames * 160 :].any()
        assert (batch["f0_coarse"][place, frames:] == 1).all()
    assert batch["f0_coarse"].dtype == batch["lengths"].dtype == batch["speaker"].dtype
    bins = coarse_bins(batch["f0"][1].numpy())
    assert np.array_equal(batch["f0_coarse"][1], bins)


def test_pitch_and_audio_lie_on_one_grid(slices):
    """A frame that is voiced is loud, one without voice is not: but for the edges."""
    index = int(np.argmax(slices.lengths * (slices.rows >= 0)))
    frames = slices.audio(index).reshape(-1, 160)
    loud = np.sqrt(np.square(frames).mean(axis=1)) > 0.02
    voiced = slices.f0(index) > 0
    assert 0.5 < voiced.mean() < 0.95
    assert (loud == voiced).mean() > 0.93


def test_segments_lie_in_their_slices_and_anywhere_in_them(slices):
    drawn = random()
    starts = np.array([slices.batch([3, 3], drawn)["crop_starts"].tolist() for _ in range(60)])
    room = int(slices.lengths[3]) - 40
    assert starts.min() >= 0
    assert starts.max() <= room
    assert np.ptp(starts) > 0.8 * room
    shortest = int(np.argmin(slices.lengths))
    assert slices.lengths[shortest] >= 40 + 2
    assert not slices.evaluated([3])["crop_starts"].any()


def test_a_batch_follows_from_its_generator(slices):
    one, other = (slices.batch([0, 1, 2], random()) for _ in range(2))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_lengths_are_true_frames(slices):
    spoken = slices.rows >= 0
    samples = (slices.slices["stop"] - slices.slices["start"])[spoken]
    assert (np.abs(slices.lengths[spoken] - samples / 160) <= 2).all()


def test_unvoiced_pitch_is_interpolated_where_the_recipe_says_so(recordings_of, make_voices_recipe):
    slices = recordings_of(make_voices_recipe(dataset={"unvoiced": "interpolate"})).training
    frames = int(slices.lengths[0])
    wanted = interpolate_unvoiced(slices.pitch[0])[:frames]
    assert np.array_equal(slices.batch([0], random())["f0"][0], wanted)
    assert (wanted > 0).all()
    silent = slices.batch([len(slices) - 1], random())
    assert not silent["f0"].any()
    assert (silent["f0_coarse"] == 1).all()


def test_without_pitch_there_is_none_in_a_batch(recordings_of, make_voices_recipe):
    slices = recordings_of(make_voices_recipe(dataset={"pitch": NoPitch()})).training
    assert set(slices.batch([0], random())) == {
        "content",
        "audio",
        "lengths",
        "speaker",
        "crop_starts",
    }


def test_each_speaker_has_silence_that_sounds_like_nothing(slices, recordings):
    mute = np.flatnonzero(slices.rows < 0)
    assert np.bincount(slices.speakers[mute]).tolist() == [2, 2]
    batch = slices.batch(mute.tolist(), random())
    assert batch["audio"].shape[-1] == 302 * 160
    assert not batch["audio"].any()
    assert not batch["f0"].any()
    encoder = recordings.methods.content
    features = encoder(np.zeros(48_000, np.float32)).astype(np.float16)
    assert np.array_equal(batch["content"][0, ::2].numpy(), features.astype(np.float32))


def test_whole_clips_have_their_slices(recordings):
    clips = recordings.evaluation
    assert len(clips) == 3
    assert sum(len(clips.slices_of(place)) for place in range(3)) == len(clips.slices)
    for place in range(3):
        own = clips.slices_of(place)
        assert clips.lengths[place] == clips.slices.lengths[list(own)].sum()
        for at in own:
            assert clips.slices.rows[at] == clips.rows[place]
            assert clips.slices.ids[at].startswith(clips.ids[place])
    last = clips.only(np.array([2]))
    assert np.array_equal(last.slices.audio(0), clips.slices.audio(clips.slices_of(2)[0]))
    batch = clips.batch([0, 2], random())
    assert batch["speaker"].tolist() == clips.slices.speakers[clips.firsts[[0, 2]]].tolist()
