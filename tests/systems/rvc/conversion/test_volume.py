import numpy as np
import pytest
import torch

from engine.systems.rvc.conversion.disk_samples import DiskSamples
from engine.systems.rvc.conversion.volume import envelope_of, levelled
from tests.systems.rvc.conversion.stand_ins import speech


@pytest.fixture
def stored(tmp_path):
    opened = []

    def stored(values, kind="float32"):
        samples = DiskSamples(tmp_path, kind)
        samples.append(values)
        opened.append(samples)
        return samples

    yield stored
    for samples in opened:
        samples.__exit__(None, None, None)


def as_in_rvc(samples, rate, length):
    """Levels as librosa's `rms` and torch's `interpolate` spread them over `length` samples."""
    half = rate // 2
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, half), 2 * half)[::half]
    levels = torch.from_numpy(np.sqrt(np.square(frames, dtype=np.float64).mean(1)))
    spread = torch.nn.functional.interpolate(levels[None, None], size=length, mode="linear")
    return spread[0, 0].numpy()


@pytest.mark.parametrize("length", [2000, 3 * 8000, 20_001])
def test_loudness_is_mixed_as_in_rvc(stored, length):
    source, made = speech(3)[: 2 * length], 0.3 * speech(3, seed=4)[:length]
    envelope = envelope_of(stored(source, "float64"), 16_000, stored(made), 8000, 0.25)
    found = np.concatenate(list(levelled(stored(made), envelope)))
    wanted = as_in_rvc(source, 16_000, length) ** 0.75
    expected = made * wanted * np.maximum(as_in_rvc(made, 8000, length), 1e-6) ** -0.75
    assert np.allclose(found, expected, atol=1e-5)
    assert not np.allclose(found, made, atol=1e-3)


def test_peaks_are_held_below_full_scale_and_what_is_quieter_stays(stored):
    loud = np.array([0.1, -2.0, 1.0], np.float32)
    assert np.allclose(next(levelled(stored(loud), None)), loud * 0.99 / 2)
    quiet = np.array([0.1, -0.2], np.float32)
    assert np.array_equal(next(levelled(stored(quiet), None)), quiet)


def test_silence_stays_silence(stored):
    silence = np.zeros(16_000, np.float32)
    envelope = envelope_of(stored(silence, "float64"), 16_000, stored(silence), 8000, 0.0)
    assert not next(levelled(stored(silence), envelope)).any()
