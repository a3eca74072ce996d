import numpy as np
import pytest
import torch

from engine.systems.codec.data.phase_rotation import turn_phase


def noise(rows=2, length=4_096):
    return np.random.default_rng(0).standard_normal((rows, length)).astype(np.float32)


def test_the_phase_of_a_tone_moves_by_the_angle():
    time = np.arange(8_000) / 8_000
    tone = np.cos(2 * np.pi * 440 * time).astype(np.float32)
    turned = turn_phase(tone[None], np.array([0.7]))[0]
    expected = np.cos(2 * np.pi * 440 * time + 0.7)
    assert turned[500:-500] == pytest.approx(expected[500:-500], abs=0.01)


def test_half_a_turn_changes_the_sign_and_a_whole_one_nothing():
    audio = noise()
    assert turn_phase(audio, np.array([np.pi, np.pi])) == pytest.approx(-audio, abs=1e-5)
    assert turn_phase(audio, np.array([0.0, 2 * np.pi])) == pytest.approx(audio, abs=1e-5)


def test_each_row_has_its_own_angle():
    audio = np.repeat(noise(1), 2, axis=0)
    turned = turn_phase(audio, np.array([0.0, np.pi]))
    assert turned[0] == pytest.approx(-turned[1], abs=1e-5)
    assert turned.dtype == np.float32


def test_ends_that_do_not_meet_do_not_ring():
    ramp = np.linspace(-1, 1, 4_000, dtype=np.float32)[None]
    assert np.abs(turn_phase(ramp, np.array([np.pi / 2]))).max() < 1.5


def test_it_is_what_turning_every_bin_of_an_stft_gives():
    """Upstream's way, above the resolution of the STFT's windows."""
    time = np.arange(8_000) / 16_000
    audio = sum(np.cos(2 * np.pi * hz * time + hz) for hz in (300, 1_100, 2_345)).astype(np.float32)
    window = torch.hann_window(512)
    spectrum = torch.stft(torch.from_numpy(audio), 512, 128, window=window, return_complex=True)
    turned = torch.istft(spectrum * np.exp(1.2j), 512, 128, window=window, length=8_000).numpy()
    ours = turn_phase(audio[None], np.array([1.2]))[0]
    assert ours[512:-512] == pytest.approx(turned[512:-512], abs=0.02)
