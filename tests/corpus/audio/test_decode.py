import os
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile

from engine.corpus.audio.decode import BLOCK_FRAMES, AudioFile, UnusableError, quiet_decoders


def decoded(path, channel=None):
    with AudioFile(path, channel) as audio:
        return np.concatenate([np.zeros(0, np.float32), *audio.blocks()])


def fault(path):
    with pytest.raises(UnusableError) as caught, quiet_decoders():
        decoded(path)
    return caught.value


def test_channels_become_their_mean(tmp_path):
    left_and_right = np.array([[0.5, 0.25], [-0.5, 0.5]])
    soundfile.write(tmp_path / "a.wav", left_and_right, 16_000, subtype="FLOAT")
    assert decoded(tmp_path / "a.wav").tolist() == [0.375, 0.0]


def test_one_channel_can_be_asked_for(tmp_path):
    left_and_right = np.array([[0.5, 0.25], [-0.5, 0.5]])
    soundfile.write(tmp_path / "a.wav", left_and_right, 16_000, subtype="FLOAT")
    assert decoded(tmp_path / "a.wav", 0).tolist() == [0.5, -0.5]
    assert decoded(tmp_path / "a.wav", 1).tolist() == [0.25, 0.5]
    with pytest.raises(UnusableError, match="header disagrees: channel 2") as caught:
        decoded(tmp_path / "a.wav", 2)
    assert caught.value.detail.endswith("and it has 2")


def test_sixteen_bit_samples_are_exact(tmp_path):
    samples = np.array([-32768, -1, 0, 1, 32767], np.int16)
    soundfile.write(tmp_path / "a.wav", samples, 16_000)
    assert (decoded(tmp_path / "a.wav") * 32768).tolist() == samples.tolist()


def test_a_long_file_comes_in_blocks_without_a_gap(tmp_path):
    samples = (np.arange(2 * BLOCK_FRAMES + 5) % 1000).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", samples, 16_000)
    with AudioFile(tmp_path / "a.wav") as audio:
        blocks = list(audio.blocks())
    assert [len(block) for block in blocks] == [BLOCK_FRAMES, BLOCK_FRAMES, 5]
    assert np.array_equal(np.concatenate(blocks) * 32768, samples)


@pytest.mark.parametrize("name", ["a.flac", "a.mp3", "a.raw", "a"])
def test_content_decides_and_not_the_name(tmp_path, tone, name):
    shutil.copy(tone(tmp_path / "real.wav"), tmp_path / name)
    assert len(decoded(tmp_path / name)) == 8_000


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"This is text.\n" * 10, "it is text"),
        ("<!DOCTYPE html><title>Seite für alle</title>".encode(), "it is text"),
        (b"PK\x03\x04\x14\x00" + bytes(100), "libsndfile"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"RIFF\x24\x00\x00\x00WAVE", "libsndfile"),
    ],
)
def test_what_is_no_audio_is_unreadable(tmp_path, content, detail):
    (tmp_path / "a.wav").write_bytes(content)
    error = fault(tmp_path / "a.wav")
    assert error.reason == "unreadable"
    assert detail in error.detail


def test_a_file_of_no_bytes_is_empty(tmp_path):
    (tmp_path / "a.wav").touch()
    assert fault(tmp_path / "a.wav").reason == "empty"


@pytest.mark.parametrize("suffix", [".wav", ".mp3"])
def test_folders_and_pipes_are_no_audio_and_never_waited_for(tmp_path, suffix):
    (tmp_path / f"folder{suffix}").mkdir()
    os.mkfifo(tmp_path / f"pipe{suffix}")
    for name in ("folder", "pipe"):
        assert "a folder, a pipe or a device" in fault(tmp_path / f"{name}{suffix}").detail


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_found_in_any_channel(tmp_path, bad):
    samples = np.zeros((1000, 2))
    samples[700, 1] = bad
    soundfile.write(tmp_path / "a.wav", samples, 16_000, subtype="FLOAT")
    assert fault(tmp_path / "a.wav").reason == "not finite"


@pytest.mark.parametrize("lost", [2, 726, 1_452, 2_178, 40_000])
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("a.wav", {}),
        ("a.wav", {"format": "WAVEX"}),
        ("a.wav", {"subtype": "FLOAT"}),
        ("a.rf64", {"format": "RF64"}),
        ("a.w64", {}),
        ("a.aiff", {}),
        ("a.au", {}),
        ("a.sph", {"format": "NIST"}),
    ],
)
def test_a_file_cut_short_is_truncated(tmp_path, tone, name, settings, lost):
    path = tone(tmp_path / name, seconds=3, **settings)
    path.write_bytes(path.read_bytes()[:-lost])
    assert fault(path).reason == "truncated"


def test_a_whole_mp3_is_read(tmp_path, tone):
    assert abs(len(decoded(tone(tmp_path / "a.mp3", seconds=5))) - 80_000) < 2_000


@pytest.mark.parametrize(
    ("riff", "data"),
    [
        (0xFFFFFFFF, 0xFFFFFFFF),
        (0x7FFFF024, 0x7FFFF000),
        (0x80000024, 0x80000000),
        (0xFFFFFFFF, 0),
        (36, 0),
        (0, 0),
    ],
)
def test_what_was_recorded_through_a_pipe_is_read_to_its_end(tmp_path, tone, riff, data):
    path = tone(tmp_path / "a.wav")
    _set_sizes(path, riff, data)
    assert len(decoded(path)) == 8_000


def test_a_sound_header_without_audio_is_believed(tmp_path, tone):
    path = tone(tmp_path / "a.wav")
    content = path.read_bytes()
    tags = b"LIST" + struct.pack("<I", 100) + bytes(100)
    path.write_bytes(content[:44] + tags)
    _set_sizes(path, 36 + len(tags), 0)
    assert len(decoded(path)) == 0


def _set_sizes(path, riff, data):
    content = bytearray(path.read_bytes())
    content[4:8], content[40:44] = struct.pack("<I", riff), struct.pack("<I", data)
    path.write_bytes(content)


def test_a_header_that_promises_too_much_is_found_out(tmp_path, tone):
    path = tone(tmp_path / "a.wav")
    _set_sizes(path, 0x7FFF0024, 0x7FFF0000)
    assert fault(path).reason == "truncated"


def test_a_file_that_may_not_be_read_says_so(tmp_path):
    assert fault(tmp_path / "missing.wav").detail == "No such file or directory"


def test_a_file_that_vanishes_while_it_is_read_is_unreadable(tmp_path, tone):
    with AudioFile(tone(tmp_path / "a.ogg")) as audio:
        (tmp_path / "a.ogg").unlink()
        with pytest.raises(UnusableError, match="unreadable: No such file"):
            list(audio.blocks())


def test_no_descriptor_is_left_open(tmp_path, tone):
    good, cut, text = tone(tmp_path / "a.wav"), tone(tmp_path / "b.wav"), tmp_path / "a.mp3"
    cut.write_bytes(cut.read_bytes()[:900])
    text.write_text("no audio")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        decoded(good)
        fault(cut)
        fault(text)
        with pytest.raises(UnusableError):
            decoded(good, channel=1)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


def test_decoders_are_kept_from_stderr(tmp_path, tone, capfd):
    path = tone(tmp_path / "a.mp3", seconds=5)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    fault(path)
    assert capfd.readouterr().err == ""
