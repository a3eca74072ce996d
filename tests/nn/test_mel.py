import numpy as np
import pytest
import torch

from engine.nn.mel import MelSettings, MelSpectrogram, db_to_power, power_to_db

SETTINGS = MelSettings(
    sample_rate_hz=16_000,
    n_fft=1024,
    hop_length=512,
    num_mels=128,
    low_hz=0.0,
    high_hz=8_000.0,
    scale="htk",
    norm=None,
    power=2.0,
)


def htk_mel(hz):
    return 2595.0 * np.log10(1.0 + hz / 700.0)


def tone(hz, num_samples=16_000):
    return torch.sin(2 * torch.pi * hz * torch.arange(num_samples) / 16_000)


def triangles():
    """HTK's filter bank, written from its definition."""
    edges = 700.0 * (10.0 ** (np.linspace(0.0, htk_mel(8_000.0), 130) / 2595.0) - 1.0)
    hz = np.linspace(0.0, 8_000.0, 513)
    rise = (hz[:, None] - edges[:-2]) / np.diff(edges)[:-1]
    fall = (edges[2:] - hz[:, None]) / np.diff(edges)[1:]
    return torch.from_numpy(np.maximum(0.0, np.minimum(rise, fall))).float()


def test_one_second_makes_32_frames_as_the_settings_say():
    mel = MelSpectrogram(SETTINGS)(torch.zeros(2, 16_000))
    assert mel.shape == (2, 128, 32)
    assert SETTINGS.num_frames(16_000) == 32


def test_the_spectrogram_is_power_through_htk_triangles():
    wave = torch.randn(1, 16_000, generator=torch.Generator().manual_seed(0))
    stft = torch.stft(wave, 1024, 512, window=torch.hann_window(1024), return_complex=True)
    expected = triangles().T @ stft.abs().square()
    found = MelSpectrogram(SETTINGS)(wave)
    assert (power_to_db(found) - power_to_db(expected)).abs().max() < 0.01


def test_a_window_shorter_than_the_fft_has_zeros_around_it():
    wave = torch.randn(1, 16_000, generator=torch.Generator().manual_seed(0))
    window = torch.cat([torch.zeros(256), torch.hann_window(512), torch.zeros(256)])
    stft = torch.stft(wave, 1024, 512, window=window, return_complex=True)
    expected = triangles().T @ stft.abs().square()
    found = MelSpectrogram(SETTINGS, window_length=512)(wave)
    assert (power_to_db(found) - power_to_db(expected)).abs().max() < 0.01


@pytest.mark.parametrize("hz", [300.0, 1_000.0, 6_000.0])
def test_a_tone_is_loudest_in_the_band_of_its_frequency(hz):
    mel = MelSpectrogram(SETTINGS)(tone(hz))
    centres = np.linspace(0.0, htk_mel(8_000.0), 130)[1:-1]
    assert abs(int(mel[:, 16].argmax()) - int(np.abs(centres - htk_mel(hz)).argmin())) <= 1


def test_decibels_go_back_to_the_power_and_silence_is_minus_100():
    power = torch.tensor([0.0, 1e-9, 1.0, 250.0])
    decibels = power_to_db(power)
    assert decibels[0] == -100.0
    assert torch.allclose(db_to_power(decibels)[1:], power[1:], rtol=1e-4)


def test_audio_made_from_a_mel_has_nearly_that_mel_and_is_the_same_each_time():
    module = MelSpectrogram(SETTINGS)
    wave = sum(tone(200.0 * k) / k for k in range(1, 6)) * 0.2
    mel = module(wave)
    made = module.to_waveform(mel, 16_000)
    assert made.shape == (16_000,)
    assert torch.equal(made, module.to_waveform(mel, 16_000))
    loud = power_to_db(mel) > power_to_db(mel).max() - 30
    assert (power_to_db(module(made)) - power_to_db(mel))[loud].abs().mean() < 2.0
