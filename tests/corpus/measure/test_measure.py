import io

import numpy as np
import pytest
import soundfile

from engine.corpus.layouts import Candidate
from engine.corpus.measure.limits import Limits
from engine.corpus.measure.measure import measure_file
from engine.corpus.table.manifest import Quarantined

LIMITS = Limits(min_seconds=0.1, max_seconds=1.0, min_sample_rate_hz=8_000)
RATE = 16_000


class Packed:
    """An open shard at one or more rates, in memory."""

    def __init__(self, *rates):
        self.files = {rate: io.BytesIO() for rate in rates or (RATE,)}

    def samples(self, rate=RATE):
        return np.frombuffer(self.files[rate].getvalue(), "<i2")


def measure(folder, *parts, limits=LIMITS, into=None):
    parts = [Candidate(path="a.wav"), *parts][bool(parts) :]
    return measure_file(folder, parts, limits, (into or Packed()).files)


def part(start, seconds, **more):
    return Candidate(path="a.wav", id=f"a_{start}", start_seconds=start, seconds=seconds, **more)


@pytest.fixture
def ramp(tmp_path):
    """A file whose every sample says where it is: 1.5 s."""
    samples = np.arange(24_000, dtype=np.int16) + 1_000
    soundfile.write(tmp_path / "a.wav", samples, RATE, subtype="PCM_16")
    return samples


def test_what_is_known_of_a_clip_is_measured(tmp_path, tone):
    path = tone(tmp_path / "a.wav", seconds=0.5, rate=44_100, level=0.5, channels=2)
    (found,) = measure(tmp_path)
    clip = found.clip
    assert (clip.num_frames, clip.sample_rate_hz, clip.num_channels) == (22_050, 44_100, 2)
    assert clip.peak == pytest.approx(0.5, abs=1e-3)
    assert len(clip.file_sha256) == 64
    path.write_bytes(path.read_bytes() + b"more")
    assert measure(tmp_path)[0].clip.file_sha256 != clip.file_sha256
    assert measure(tmp_path)[0].clip.sha256 == clip.sha256


def test_what_the_layout_knew_is_kept(tmp_path, tone):
    tone(tmp_path / "a.wav")
    known = {"speaker": "anna", "language": "hu", "text": "Jó", "label": "jó", "listed": "eval"}
    (found,) = measure(tmp_path, Candidate(path="a.wav", **known))
    assert {name: getattr(found.clip, name) for name in known} == known


def test_samples_of_used_clips_follow_each_other_at_every_rate(tmp_path, tone):
    into = Packed(16_000, 8_000)
    tone(tmp_path / "a.wav", seconds=0.2)
    (first,) = measure(tmp_path, into=into)
    tone(tmp_path / "a.wav", seconds=0.3)
    (second,) = measure(tmp_path, into=into)
    assert first.samples == {16_000: (0, 3_200), 8_000: (0, 1_600)}
    assert second.samples == {16_000: (3_200, 4_800), 8_000: (1_600, 2_400)}
    samples, _ = soundfile.read(tmp_path / "a.wav", dtype="int16")
    assert np.array_equal(into.samples()[3_200:], samples)


def test_a_file_that_turns_out_bad_half_way_leaves_no_samples(tmp_path, tone):
    into = Packed()
    tone(tmp_path / "a.wav")
    measure(tmp_path, into=into)
    tone(tmp_path / "a.wav", seconds=20)
    (found,) = measure(tmp_path, into=into)
    assert (found.reason, len(into.samples())) == ("too long", 8_000)


def opposite(path, kept):
    """Two channels of opposite phase, the second with a share of the first one's level."""
    tone = 0.5 * np.sin(np.arange(16_000) / 10)
    soundfile.write(path, np.stack([tone, -kept * tone], axis=1), RATE, subtype="FLOAT")


@pytest.mark.parametrize(("kept", "lost"), [(1.0, "100 dB"), (0.99, "46 dB"), (0.85, "22 dB")])
def test_channels_of_opposite_phase_cancel(tmp_path, kept, lost):
    opposite(tmp_path / "a.wav", kept)
    into = Packed()
    (found,) = measure(tmp_path, into=into)
    assert (found.reason, len(into.samples())) == ("channels cancel", 0)
    assert found.detail == f"the mean of its 2 channels is {lost} quieter than they are"


def test_channels_that_cancel_leave_no_part_of_their_file(tmp_path):
    opposite(tmp_path / "a.wav", 0.9)
    into = Packed()
    found = measure(tmp_path, part(0.0, 0.4), part(0.5, 0.4), into=into)
    assert [one.reason for one in found] == ["channels cancel"] * 2
    assert len(into.samples()) == 0


def test_one_of_two_channels_that_cancel_may_be_taken(tmp_path):
    opposite(tmp_path / "a.wav", 1.0)
    (found,) = measure(tmp_path, Candidate(path="a.wav", channel=1))
    assert found.clip.num_frames == 16_000


def test_a_silent_channel_and_a_different_one_cancel_nothing(tmp_path):
    tone = 0.5 * np.sin(np.arange(8_000) / 10)
    for other in (np.zeros(8_000), 0.5 * np.sin(np.arange(8_000) / 7), -0.5 * tone):
        soundfile.write(tmp_path / "a.wav", np.stack([tone, other], axis=1), RATE, subtype="FLOAT")
        (found,) = measure(tmp_path)
        assert found.clip.num_channels == 2


def test_a_clip_at_full_scale_most_of_the_time_is_clipped(tmp_path, tone):
    tone(tmp_path / "a.wav", level=8.0, subtype="FLOAT")
    limits = Limits(min_seconds=0.1, max_seconds=1.0, min_sample_rate_hz=8_000, at_most_clipped=0.1)
    (found,) = measure(tmp_path, limits=limits)
    assert found.reason == "clipped"
    assert found.detail.startswith("92")


def test_a_missing_transcript_is_a_reason_where_one_is_required(tmp_path, tone):
    tone(tmp_path / "a.wav")
    limits = Limits(
        min_seconds=0.1, max_seconds=1.0, min_sample_rate_hz=8_000, transcripts="required"
    )
    assert measure(tmp_path, limits=limits)[0].reason == "transcript missing"


def test_a_file_that_is_gone_is_unreadable(tmp_path):
    assert measure(tmp_path)[0].reason == "unreadable"


# ---- parts of a file ----


def test_parts_hold_the_samples_of_their_times(tmp_path, ramp):
    into = Packed()
    found = measure(tmp_path, part(0.0, 0.5), part(0.75, 0.25), part(1.0, None), into=into)
    assert [one.clip.start_seconds for one in found] == [0.0, 0.75, 1.0]
    assert [one.samples[RATE] for one in found] == [(0, 8_000), (8_000, 4_000), (12_000, 8_000)]
    expected = np.concatenate([ramp[:8_000], ramp[12_000:16_000], ramp[16_000:]])
    assert np.array_equal(into.samples(), expected)


def test_parts_that_overlap_each_have_theirs(tmp_path, ramp):
    into = Packed()
    found = measure(tmp_path, part(0.0, 1.0), part(0.5, 0.5), into=into)
    places = [one.samples[RATE] for one in found]
    for (offset, length), start in zip(places, (0, 8_000), strict=True):
        assert np.array_equal(
            into.samples()[offset : offset + length], ramp[start : start + length]
        )


def test_a_part_beyond_the_files_end_is_quarantined_and_rounding_is_forgiven(tmp_path, ramp):
    found = measure(tmp_path, part(0.0, 0.5), part(1.0, 0.52), part(1.2, 2.0), part(5.0, 0.5))
    assert [isinstance(one, Quarantined) for one in found] == [False, False, True, True]
    assert found[2].reason == "header disagrees"
    assert found[2].detail == "from 1.200 s: the file ends at 1.500 s, before it"
    assert found[1].clip.num_frames == 8_000


def test_a_part_out_of_the_limits_does_not_touch_the_others(tmp_path, ramp):
    into = Packed()
    found = measure(tmp_path, part(0.0, 0.01), part(0.1, 1.2), part(1.3, 0.2), into=into)
    assert [getattr(one, "reason", None) for one in found] == ["too short", "too long", None]
    assert np.array_equal(into.samples(), ramp[20_800:])


def test_parts_may_be_of_one_channel_each(tmp_path):
    left, right = np.full(RATE, 0.25), np.full(RATE, -0.5)
    soundfile.write(tmp_path / "a.wav", np.stack([left, right], axis=1), RATE)
    into = Packed()
    measure(tmp_path, part(0.0, 0.5, channel=0), part(0.1, 0.5, channel=1), into=into)
    assert into.samples()[0] == 8_192
    assert into.samples()[-1] == -16_384


# ---- cut at silence ----


def test_a_long_recording_becomes_clips_cut_in_its_pauses(tmp_path):
    random, quiet = np.random.default_rng(0), np.zeros(4_800)
    words = [0.1 * random.standard_normal(9_000) for _ in range(4)]
    samples = np.concatenate([piece for word in words for piece in (word, quiet)])
    soundfile.write(tmp_path / "a.wav", samples, RATE)
    limits = Limits(min_seconds=0.3, max_seconds=1.0, min_sample_rate_hz=8_000, segment="silence")
    into = Packed()
    found = measure(tmp_path, limits=limits, into=into)
    names = [f"a_{round(one.clip.start_seconds * 1000):08d}" for one in found]
    assert len(names) == 4
    assert [one.clip.id for one in found] == names
    whole, _ = soundfile.read(tmp_path / "a.wav", dtype="int16")
    assert np.array_equal(into.samples(), whole)


def test_a_recording_with_a_transcript_is_not_cut_but_too_long(tmp_path, tone):
    tone(tmp_path / "a.wav", seconds=2)
    limits = Limits(min_seconds=0.3, max_seconds=1.0, min_sample_rate_hz=8_000, segment="silence")
    (found,) = measure(tmp_path, Candidate(path="a.wav", text="hello"), limits=limits)
    assert found.reason == "too long"


@pytest.mark.parametrize("text", ["...", "", None])
def test_what_has_no_word_is_no_transcript_and_is_cut(tmp_path, tone, text):
    tone(tmp_path / "a.wav", seconds=2)
    limits = Limits(min_seconds=0.3, max_seconds=1.0, min_sample_rate_hz=8_000, segment="silence")
    assert len(measure(tmp_path, Candidate(path="a.wav", text=text), limits=limits)) > 1


def test_each_channel_of_a_long_recording_is_cut(tmp_path):
    noise = 0.1 * np.random.default_rng(0).standard_normal((2 * RATE, 2))
    soundfile.write(tmp_path / "a.wav", noise, RATE)
    limits = Limits(min_seconds=0.3, max_seconds=1.0, min_sample_rate_hz=8_000, segment="silence")
    parts = [Candidate(path="a.wav", id=f"a{number}", channel=number) for number in (0, 1)]
    names = [one.clip.id for one in measure(tmp_path, *parts, limits=limits)]
    assert len(names) == len(set(names)) == 6
    assert {name[:3] for name in names} == {"a0_", "a1_"}


def test_one_sample_far_beyond_full_scale_does_not_ring(tmp_path, tone):
    tone(tmp_path / "a.wav", rate=44_100, level=0.1, subtype="FLOAT")
    samples, rate = soundfile.read(tmp_path / "a.wav")
    samples[10_000] = 1e6
    soundfile.write(tmp_path / "a.wav", samples, rate, subtype="FLOAT")
    into = Packed(16_000, 44_100)
    measure(tmp_path, into=into)
    assert (np.abs(into.samples(44_100)) >= 32_767).sum() == 1
    assert (np.abs(into.samples(16_000)) > 0.5 * 32_768).sum() <= 1


def test_a_clip_of_which_no_sample_is_left_at_a_rate_is_too_short(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.array([0.5]), 192_000, subtype="PCM_24")
    limits = Limits(min_seconds=0.0, max_seconds=None, min_sample_rate_hz=8_000)
    (found,) = measure(tmp_path, limits=limits, into=Packed(1_000))
    assert getattr(found, "reason", "too short") == "too short"
