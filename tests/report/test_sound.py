"""Sounds of samples: how loud they are, what levels them, and how they are embedded."""

import base64
import io
import math

import numpy as np
import pytest
import soundfile

from engine.report.embedded import embedded_audio, embedded_picture
from engine.report.sound import Sound, gains_down_db, gains_to_level_db, read_sound
from engine.report.spectrogram import HEIGHT, WIDTH, mel_picture
from tests.compared import tone

RATE = 16_000


def sine(level: float, hertz: float = 1000.0, seconds: float = 1.0) -> Sound:
    times = np.arange(round(seconds * RATE)) / RATE
    return Sound((level * np.sin(2 * np.pi * hertz * times)).astype(np.float32), RATE)


SILENCE = Sound(np.zeros(RATE, np.float32), RATE)


def test_louder_sounds_are_turned_down_to_the_quietest_by_at_most_20_db():
    found = gains_down_db([sine(0.1), sine(0.2), sine(1e-3)])
    assert found[:2] == pytest.approx([-20.0, -20.0])
    assert found[2] == 0.0
    assert gains_down_db([sine(0.1), sine(0.2)])[1] == pytest.approx(-6.02, abs=0.01)


def test_silence_is_not_matched_and_turns_nothing_down():
    assert gains_down_db([sine(0.1), SILENCE]) == pytest.approx([0.0, 0.0])
    assert gains_to_level_db([SILENCE]) == [0.0]
    assert gains_to_level_db([sine(0.0005)]) == [20.0], "what is nearly silent stays so"


def test_sounds_are_brought_to_23_lufs_below_full_scale():
    sounds = [sine(0.01), sine(0.5)]
    gains = gains_to_level_db(sounds)
    assert [one.lufs + gain for one, gain in zip(sounds, gains, strict=True)] == pytest.approx(
        [-23.0, -23.0], abs=0.01
    )


def test_a_sound_that_would_clip_lowers_the_level_of_all():
    click = Sound(np.zeros(RATE, np.float32), RATE)
    click.samples[::4000] = 0.5
    gains = gains_to_level_db([click, sine(0.1)])
    assert click.peak_db + gains[0] == pytest.approx(0.0, abs=1e-6)
    assert sine(0.1).lufs + gains[1] == pytest.approx(click.lufs + gains[0], abs=0.01)


def test_what_is_no_audio_is_none(tmp_path):
    (tmp_path / "x.wav").write_bytes(b"no audio")
    assert read_sound(tmp_path / "x.wav") is None
    assert read_sound(tmp_path / "gone.wav") is None
    assert read_sound(tone(tmp_path / "y.wav", seconds=2.0)).seconds == 2.0


@pytest.mark.parametrize("kind", ["FLAC", "Opus"])
def test_an_embedded_sound_is_the_sound_louder_by_its_gain(kind):
    uri = embedded_audio(sine(0.1), 6.0, kind)
    samples, rate = soundfile.read(io.BytesIO(base64.b64decode(uri.partition(",")[2])))
    assert len(samples) / rate == pytest.approx(1.0, abs=0.001)
    made = Sound(samples.astype(np.float32), rate)
    assert made.lufs == pytest.approx(sine(0.1).lufs + 6.0, abs=0.1 if kind == "Opus" else 0.001)


def test_a_tone_lies_in_its_band_and_ends_where_it_ends():
    picture = mel_picture(sine(0.1, hertz=1000.0), span=2.0)
    assert picture.shape == (HEIGHT, WIDTH // 2)
    mel = 2595 * math.log10(1 + 1000 / 700)
    highest = 2595 * math.log10(1 + 8000 / 700)
    loudest = picture[:, WIDTH // 4].argmax()
    assert loudest == pytest.approx(mel / highest * (HEIGHT + 1) - 1, abs=1.0)


def test_a_picture_that_is_none_is_none(tmp_path):
    (tmp_path / "x.png").write_bytes(b"no picture")
    assert embedded_picture(tmp_path / "x.png") is None
