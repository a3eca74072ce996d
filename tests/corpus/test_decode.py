import shutil
import struct

import numpy as np
import pytest
import soundfile

from engine.corpus.decode import BLOCK_FRAMES, AudioFile, UnusableError, quiet_decoders


def decoded(path):
    with AudioFile(path) as audio:
        return np.concatenate([np.zeros(0, np.float32), *audio.blocks()])


def fault(path):
    with pytest.raises(UnusableError) as caught, quiet_decoders():
        decoded(path)
    return caught.value


def test_channels_become_their_mean(tmp_path):
    left_and_right = np.array([[0.5, 0.25], [-0.5, 0.5]])
    soundfile.write(tmp_path / "a.wav", left_and_right, 16_000, subtype="FLOAT")
    assert decoded(tmp_path / "a.wav").tolist() == [0.375, 0.0]


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
        (b"", "no bytes"),
        (b"This is text.\n" * 10, "no decoder reads it"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        (b"RIFF\x24\x00\x00\x00WAVE", "no decoder reads it"),
    ],
)
def test_what_is_no_audio_is_unreadable(tmp_path, content, detail):
    (tmp_path / "a.wav").write_bytes(content)
    error = fault(tmp_path / "a.wav")
    assert error.reason == "unreadable"
    assert detail in error.detail


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_samples_that_are_no_numbers_are_found_in_any_channel(tmp_path, bad):
    samples = np.zeros((1000, 2))
    samples[700, 1] = bad
    soundfile.write(tmp_path / "a.wav", samples, 16_000, subtype="FLOAT")
    assert fault(tmp_path / "a.wav").reason == "not finite"


@pytest.mark.parametrize("suffix", [".wav", ".aiff"])
def test_a_file_cut_short_is_truncated(tmp_path, tone, suffix):
    path = tone(tmp_path / f"a{suffix}", seconds=2)
    path.write_bytes(path.read_bytes()[:40_000])
    error = fault(path)
    assert error.reason == "truncated"
    assert "bytes of audio are there" in error.detail


def test_a_flac_that_breaks_off_is_truncated_after_its_first_block(tmp_path):
    noise = np.random.default_rng(0).standard_normal(16_000 * 10) * 0.1
    path = tmp_path / "a.flac"
    soundfile.write(path, noise, 16_000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    assert fault(path).reason == "truncated"


def test_an_mp3_much_shorter_than_its_header_disagrees(tmp_path, tone):
    path = tone(tmp_path / "a.mp3", seconds=5)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert fault(path).reason == "header disagrees"


def test_a_whole_mp3_is_read(tmp_path, tone):
    assert abs(len(decoded(tone(tmp_path / "a.mp3", seconds=5))) - 80_000) < 2_000


def test_a_stream_of_unknown_length_is_read_to_its_end(tmp_path, tone):
    path = tone(tmp_path / "a.wav")
    content = bytearray(path.read_bytes())
    start = content.index(b"data") + 4
    content[start : start + 4] = struct.pack("<I", 0xFFFFFFFF)
    path.write_bytes(content)
    assert len(decoded(path)) == 8_000


def test_a_header_that_promises_too_much_costs_no_memory(tmp_path, tone):
    path = tone(tmp_path / "a.wav")
    content = bytearray(path.read_bytes())
    start = content.index(b"data") + 4
    content[start : start + 4] = struct.pack("<I", 0x7FFF0000)
    path.write_bytes(content)
    assert fault(path).reason == "truncated"


def test_a_file_that_may_not_be_read_says_so(tmp_path):
    assert fault(tmp_path / "missing.wav").detail == "No such file or directory"


def test_decoders_are_kept_from_stderr(tmp_path, tone, capfd):
    path = tone(tmp_path / "a.mp3", seconds=5)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    fault(path)
    assert capfd.readouterr().err == ""
