import hashlib
import math

import numpy as np
import pytest
import soundfile

from engine.corpus.layouts import Candidate
from engine.corpus.limits import Limits
from engine.corpus.manifest import Quarantined
from engine.corpus.measure import decibels, measure_part

LIMITS = Limits(min_seconds=0.1, max_seconds=1.0, min_sample_rate_hz=8_000)


def measure(folder, *names, rates=(16_000,)):
    candidates = [Candidate(path=name) for name in names]
    return measure_part(folder, candidates, LIMITS, rates, folder / "part")


def test_what_is_known_of_a_clip_is_measured(tmp_path, tone):
    tone(tmp_path / "a.wav", seconds=0.5, rate=44_100, level=0.5, channels=2)
    clip = measure(tmp_path, "a.wav").results[0].clip
    assert (clip.num_frames, clip.sample_rate_hz, clip.num_channels) == (22_050, 44_100, 2)
    assert clip.peak == pytest.approx(0.5, abs=1e-3)
    assert clip.rms_dbfs == pytest.approx(20 * math.log10(0.5 / math.sqrt(2)), abs=0.02)


def test_the_checksum_is_of_the_rate_and_the_decoded_samples(tmp_path):
    samples = np.array([0.25, -0.5] * 1_000, np.float32)
    soundfile.write(tmp_path / "a.wav", samples, 16_000)
    expected = hashlib.sha256(b"16000 Hz\n" + samples.astype("<f4").tobytes()).hexdigest()
    assert measure(tmp_path, "a.wav").results[0].clip.sha256 == expected


def test_what_the_layout_knew_is_kept(tmp_path, tone):
    tone(tmp_path / "a.wav")
    known = {"speaker": "anna", "language": "hu", "text": "Jó", "label": "jó", "listed": "eval"}
    part = measure_part(
        tmp_path, [Candidate(path="a.wav", **known)], LIMITS, (16_000,), tmp_path / "part"
    )
    clip = part.results[0].clip
    assert {name: getattr(clip, name) for name in known} == known


def test_samples_of_used_clips_follow_each_other_at_every_rate(tmp_path, tone):
    for number, seconds in enumerate((0.2, 0.3)):
        tone(tmp_path / f"{number}.wav", seconds=seconds, level=0.2 * (number + 1))
    part = measure(tmp_path, "0.wav", "1.wav", rates=(16_000, 8_000))
    assert [one.num_samples for one in part.results] == [
        {16_000: 3_200, 8_000: 1_600},
        {16_000: 4_800, 8_000: 2_400},
    ]
    samples = np.fromfile(part.pcm[16_000], "<i2")
    first, _ = soundfile.read(tmp_path / "0.wav", dtype="int16")
    second, _ = soundfile.read(tmp_path / "1.wav", dtype="int16")
    assert np.array_equal(samples, np.concatenate([first, second]))


def test_a_file_that_turns_out_bad_half_way_leaves_no_samples(tmp_path, tone):
    tone(tmp_path / "0.wav")
    tone(tmp_path / "1.wav", seconds=20)
    tone(tmp_path / "2.wav", hz=700)
    part = measure(tmp_path, "0.wav", "1.wav", "2.wav")
    assert isinstance(part.results[1], Quarantined)
    assert part.results[1].reason == "too long"
    whole = np.concatenate(
        [soundfile.read(tmp_path / name, dtype="int16")[0] for name in ("0.wav", "2.wav")]
    )
    assert np.array_equal(np.fromfile(part.pcm[16_000], "<i2"), whole)


def test_opposite_channels_that_cancel_are_silent(tmp_path):
    tone = 0.5 * np.sin(np.arange(8_000) / 10)
    soundfile.write(tmp_path / "a.wav", np.stack([tone, -tone], axis=1), 16_000, subtype="FLOAT")
    assert measure(tmp_path, "a.wav").results[0].reason == "silent"


@pytest.mark.parametrize(
    ("amplitude", "expected"), [(1.0, 0.0), (0.1, -20.0), (10.0, 20.0), (0.0, -math.inf)]
)
def test_decibels_are_relative_to_full_scale(amplitude, expected):
    assert decibels(amplitude) == pytest.approx(expected)
