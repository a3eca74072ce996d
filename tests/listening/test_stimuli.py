"""Versions that differ in nothing but how they sound, and the anchor."""

import numpy as np
import pytest
import soundfile
from scipy.signal import welch

from engine.errors import UserError
from engine.listening.anchor import anchor_hz, low_pass
from engine.listening.stimuli import matched, sound_of, write_stimulus
from engine.metrics.loudness import loudness_of
from engine.report.sound import Sound
from tests.listening.made import speech_like


def level_db(audio, rate_hz, hz):
    """The power of a sound around a frequency, in dB."""
    frequencies, power = welch(audio, rate_hz, nperseg=4096)
    return 10 * np.log10(power[np.argmin(abs(frequencies - hz))])


@pytest.mark.parametrize("rate_hz", [16_000, 24_000, 48_000])
def test_the_anchor_is_that_of_the_recommendation(rate_hz):
    noise = np.random.default_rng(1).standard_normal(4 * rate_hz).astype(np.float32)
    filtered = low_pass(noise, rate_hz)
    assert len(filtered) == len(noise)
    kept, lost = (
        [level_db(filtered, rate_hz, hz) - level_db(noise, rate_hz, hz) for hz in places]
        for places in ((500, 2000, 3400), (4000, 4500, 7000))
    )
    assert max(map(abs, kept)) < 0.1
    assert lost[0] < -25
    assert max(lost[1:]) < -50


def test_at_low_rates_the_anchor_ends_as_far_down():
    assert [anchor_hz(rate) for rate in (8000, 16_000, 44_100)] == [1750, 3500, 3500]


def test_versions_have_one_rate_one_loudness_and_one_length():
    found = matched(
        {
            "0": Sound(speech_like(1, 16_000) * 0.1, 16_000),
            "1": Sound(speech_like(2, 24_000, 0.9), 24_000),
            "anchor": Sound(np.zeros(100, np.float32), 24_000),
        }
    )
    assert found.sample_rate_hz == 24_000
    assert {len(one) for one in found.versions.values()} == {21_600}
    heard = {
        name: found.versions[name][None, :length] for name, length in (("0", 16_800), ("1", None))
    }
    first, second = (loudness_of(audio, 24_000)[0] for audio in heard.values())
    assert first == pytest.approx(second, abs=0.01)
    assert max(abs(one).max() for one in found.versions.values()) <= 1.0
    assert found.num_silent == 1


def test_the_same_sound_in_two_files_has_other_bytes(tmp_path):
    noise = np.random.default_rng(3)
    sound = speech_like(1)
    for name in "ab":
        write_stimulus(tmp_path / name, sound, 16_000, noise)
    first, second = ((tmp_path / name).read_bytes() for name in "ab")
    assert first != second
    assert len(first) == len(second)
    heard, _ = soundfile.read(tmp_path / "a", dtype="float32")
    assert abs(heard - sound).max() < 2 / 32768


def test_a_file_that_is_no_audio_is_an_error(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"RIFFnothing")
    with pytest.raises(UserError, match="holds no audio"):
        sound_of(tmp_path / "a.wav")
