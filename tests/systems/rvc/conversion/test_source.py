import numpy as np
import pytest
import soundfile
from scipy.signal import butter, filtfilt

from engine.corpus.audio.unusable import UnusableError
from engine.errors import UserError
from engine.systems.rvc.conversion import disk_samples, source
from engine.systems.rvc.conversion.disk_samples import DiskSamples
from engine.systems.rvc.conversion.source import open_source
from tests.systems.rvc.conversion.stand_ins import speech


def write(path, samples, rate=16_000):
    soundfile.write(path, samples, rate, subtype="FLOAT")
    return path


def expected(samples):
    return filtfilt(*butter(5, 48, btype="high", fs=16_000), samples)


@pytest.mark.parametrize("length", [160, 4096, 40_001])
def test_a_file_is_filtered_as_scipy_filters_it_whole(tmp_path, monkeypatch, length):
    for module in (source, disk_samples):
        monkeypatch.setattr(module, "BLOCK", 4096)
    samples = speech(3)[:length] + np.float32(0.05)  # with an offset that the filter takes out
    with open_source(write(tmp_path / "x.wav", samples), tmp_path) as opened:
        assert np.allclose(opened.samples.read(0, length), expected(samples), atol=1e-12)
        assert (len(opened.samples), opened.num_samples) == (length, length)
    assert list(tmp_path.iterdir()) == [tmp_path / "x.wav"]


def test_what_is_too_loud_is_brought_down_first_as_in_rvc(tmp_path):
    samples = 10 * speech(1)
    with open_source(write(tmp_path / "x.wav", samples), tmp_path) as opened:
        found = opened.samples.read(0, 16_000)
    assert np.allclose(found, expected(samples / (np.abs(samples).max() / 0.95)), atol=1e-6)


def test_other_rates_and_channels_become_one_channel_at_16_khz(tmp_path):
    time = np.arange(22_050) / 22_050
    sine = 0.4 * np.sin(2 * np.pi * 300 * time)
    path = write(tmp_path / "x.wav", np.stack([sine, np.zeros_like(sine)], 1), 22_050)
    with open_source(path, tmp_path) as opened:
        facts = opened.sample_rate_hz, opened.num_samples, opened.num_channels, opened.seconds
        assert facts == (22_050, 22_050, 2, 1.0)
        middle = opened.samples.read(4000, 12_000)
    expect = 0.2 * np.sin(2 * np.pi * 300 * np.arange(4000, 12_000) / 16_000)
    assert np.allclose(middle, expect, atol=2e-3)


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        (np.zeros(16_000), r"is silent \(its peak lies at -inf dB"),
        (np.full(16_000, 5e-5), r"is silent \(its peak lies at -86 dB"),
        (speech(1)[:159], r"lasts 9.94 ms, and a frame .* 10 ms"),
    ],
)
def test_what_holds_nothing_is_refused(tmp_path, samples, said):
    with (
        pytest.raises(UserError, match=said),
        open_source(write(tmp_path / "x.wav", samples), tmp_path),
    ):
        pass


def test_what_is_no_audio_is_refused(tmp_path):
    (tmp_path / "x.wav").write_text("words")
    with pytest.raises(UnusableError), open_source(tmp_path / "x.wav", tmp_path):
        pass


def test_samples_on_disk_are_what_was_written(tmp_path):
    with DiskSamples(tmp_path, "float32") as samples:
        samples.append(np.arange(5))
        samples.append(np.arange(5, 10))
        samples.write(3, np.array([30, 40]))
        assert samples.read(2, 6).tolist() == [2, 30, 40, 5]
        assert samples.read(8, 99).tolist() == [8, 9]
        samples.resize(12)
        assert (len(samples), samples.read(9, 12).tolist()) == (12, [9, 0, 0])
        assert list(tmp_path.iterdir()) == []
