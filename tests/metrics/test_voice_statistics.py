import numpy as np
import pytest

from engine.metrics.voice_statistics import nearest_voice, voice_statistics

RATE = 8_000
VOICES = {"anna": (210.0, 0.5), "bela": (110.0, 0.9), "kati": (260.0, 0.7), "emil": (140.0, 0.4)}


def said(pitch, tilt, seed, seconds=1.0):
    """Changing vowels of a voice, whose harmonics fall off by a tilt, between two pauses."""
    random = np.random.default_rng(seed)
    times = np.arange(round(seconds * RATE)) / RATE
    vowels = np.repeat(random.uniform(0.3, 1.0, (5, 12)), len(times) // 5, axis=0)
    pitch = pitch * (1 + 0.03 * np.sin(2 * np.pi * 3 * times))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    voice = sum(vowels[:, k - 1] * tilt**k * np.sin(k * phase) for k in range(1, 13))
    noise = random.normal(0, 1e-3, len(times) + RATE // 2)
    return 0.2 * np.pad(voice, RATE // 4) + noise


def voices(seed):
    return [voice_statistics(said(*voice, seed), RATE) for voice in VOICES.values()]


def test_a_voice_is_nearest_to_what_else_it_says():
    known = voices(seed=0)
    found = [nearest_voice(voice, known) for seed in (1, 2, 3) for voice in voices(seed)]
    assert found == [0, 1, 2, 3] * 3


def test_pauses_and_loudness_hardly_count():
    speech = said(*VOICES["anna"], seed=1)
    plain = voice_statistics(speech, RATE)
    paused = voice_statistics(np.concatenate([speech, np.zeros(4 * RATE)]), RATE)
    quiet = voice_statistics(0.1 * speech, RATE)
    others = voices(seed=0)[1:]
    apart = min(np.abs(plain - other).max() for other in others)
    assert np.abs(plain - paused).max() < 0.2 * apart
    assert np.abs(plain - quiet).max() < 0.2 * apart


@pytest.mark.parametrize("audio", [np.zeros(0), np.zeros(RATE)])
def test_what_is_empty_or_silent_has_no_voice(audio):
    assert not voice_statistics(audio, RATE).any()


def test_a_click_is_a_voice_like_no_other():
    assert np.isfinite(voice_statistics(np.ones(3), RATE)).all()
