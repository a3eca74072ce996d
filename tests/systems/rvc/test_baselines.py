import numpy as np
import pytest

from engine.systems.rvc.baselines import shift_pitch
from tests.systems.rvc.conftest import RATE


def loudest_hz(audio):
    spectrum = np.abs(np.fft.rfft(audio * np.hanning(len(audio))))
    return np.fft.rfftfreq(len(audio), 1 / RATE)[spectrum.argmax()]


@pytest.mark.parametrize("semitones", [-12.0, -5.0, 7.3])
def test_a_shifted_tone_has_the_pitch_that_was_asked_and_its_length(semitones):
    times = np.arange(2 * RATE + 77) / RATE
    tone = np.sin(2 * np.pi * 300 * times).astype(np.float32)
    shifted = shift_pitch(tone, semitones)
    assert shifted.shape == tone.shape
    assert shifted.dtype == np.float32
    assert loudest_hz(shifted) == pytest.approx(300 * 2 ** (semitones / 12), abs=2)


def test_nothing_is_done_to_what_is_not_to_be_shifted():
    audio = np.ones(100, np.float32)
    assert shift_pitch(audio, 0.0) is audio


def test_what_learns_nothing_has_its_own_faults(make_rvc):
    metrics = make_rvc().baselines().metrics
    source, shifted = (f"baseline/{name}/conversion" for name in ("source", "shifted"))
    assert metrics[f"{source}/f0_cents"] > 300
    assert metrics[f"{source}/content_cosine"] == pytest.approx(1.0, abs=1e-3)
    assert metrics[f"{shifted}/f0_cents"] < 50
    assert 0 < metrics[f"{shifted}/mcd_db"] < metrics[f"{source}/mcd_db"]
    assert 0 < metrics["baseline/mean_mel/mel"] < 3
