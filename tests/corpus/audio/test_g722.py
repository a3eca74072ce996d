"""G.722, which has no header, and the FFmpeg that a wheel brings."""

import subprocess
import sys
import types

import numpy as np
import pytest

from engine.corpus.audio import ffmpeg
from engine.corpus.audio.decode import AudioFile, UnusableError
from engine.corpus.audio.ffmpeg import find_ffmpeg

RATE = 16_000
FILTERS_DELAY = 22
"""Samples by which coder and decoder together come late."""

needs_ffmpeg = pytest.mark.skipif(find_ffmpeg() is None, reason="FFmpeg is not there")


@pytest.fixture
def coded(tmp_path):
    """coded(): a second of two tones as G.722, and its samples."""

    def make():
        times = np.arange(RATE) / RATE
        samples = 0.3 * np.sin(2 * np.pi * 440 * times) + 0.1 * np.sin(2 * np.pi * 5_000 * times)
        (tmp_path / "a.f32").write_bytes(samples.astype("<f4").tobytes())
        raw = ["-f", "f32le", "-ar", str(RATE), "-ac", "1", "-i", tmp_path / "a.f32"]
        target = tmp_path / "a.g722"
        program = find_ffmpeg()
        assert program is not None
        subprocess.run([program, "-v", "error", *raw, "-c:a", "g722", target], check=True)
        return target, samples

    return make


def decoded(path):
    with AudioFile(path) as audio:
        return np.concatenate([np.zeros(0, np.float32), *audio.blocks()]), audio


def fault(path):
    with pytest.raises(UnusableError) as caught:
        decoded(path)
    return caught.value


@needs_ffmpeg
def test_it_decodes_to_what_was_coded_both_bands_of_it(coded):
    path, samples = coded()
    got, audio = decoded(path)
    assert (audio.sample_rate_hz, audio.num_channels, audio.decoder) == (RATE, 1, "FFmpeg")
    assert len(got) == 2 * path.stat().st_size
    want, got = (
        samples[2_000:-2_000],
        got[2_000 + FILTERS_DELAY : len(samples) - 2_000 + FILTERS_DELAY],
    )
    assert 10 * np.log10(np.mean(want**2) / np.mean((want - got) ** 2)) > 15


@needs_ffmpeg
def test_cut_anywhere_it_is_what_is_left(coded):
    path, _ = coded()
    path.write_bytes(path.read_bytes()[:1_001])
    assert len(decoded(path)[0]) == 2_002


@needs_ffmpeg
def test_bytes_without_a_control_character_are_no_text(tmp_path):
    noise = np.random.default_rng(0).integers(0x20, 0x100, 8_000, dtype=np.uint8)
    (tmp_path / "a.g722").write_bytes(noise.tobytes())
    assert len(decoded(tmp_path / "a.g722")[0]) == 16_000


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html>404 not found</html>", "it is text, and no G.722"),
        ("Contraseña no válida. ".encode() * 300, "it is text, and no G.722"),
        (b"PK\x03\x04" + bytes(100), "it is an archive, and no G.722"),
        (b"!<arch>\ndebian-binary", "it is an archive, and no G.722"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "it is a picture, and no G.722"),
        (b"version https://git-lfs.github.com/spec/v1", "a Git LFS pointer instead of audio"),
    ],
)
def test_what_begins_as_something_else_is_refused_though_any_bytes_decode(tmp_path, content, said):
    (tmp_path / "a.g722").write_bytes(content)
    error = fault(tmp_path / "a.g722")
    assert error.reason == "unreadable"
    assert said in error.detail


def test_an_empty_one_is_empty(tmp_path):
    (tmp_path / "a.g722").write_bytes(b"")
    assert fault(tmp_path / "a.g722").reason == "empty"


def test_audio_of_another_kind_is_read_as_what_it_is(tmp_path, tone):
    path = tone(tmp_path / "a.g722", rate=44_100, format="WAV")
    samples, audio = decoded(path)
    assert (len(samples), audio.sample_rate_hz, audio.decoder) == (22_050, 44_100, "libsndfile")


def test_the_program_of_a_wheel_serves_where_none_is_on_the_path(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    wheel = types.SimpleNamespace(get_ffmpeg_exe=lambda: "wheels/ffmpeg")
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", wheel)
    assert ffmpeg.find_ffmpeg() == "wheels/ffmpeg"


def test_a_wheel_without_a_program_is_none(tmp_path, monkeypatch):
    def none_for_this_machine():
        raise RuntimeError("No ffmpeg exe could be found.")

    monkeypatch.setenv("PATH", str(tmp_path))
    wheel = types.SimpleNamespace(get_ffmpeg_exe=none_for_this_machine)
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", wheel)
    assert ffmpeg.find_ffmpeg() is None
