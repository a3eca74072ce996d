import numpy as np
import pytest
import soundfile

from engine.corpus.audio.decode import AudioFile, UnusableError, quiet_decoders
from engine.corpus.audio.ffmpeg import find_ffmpeg
from engine.corpus.audio.mp3 import scan_mp3


@pytest.fixture
def mp3(tmp_path):
    """Ten seconds at a constant bit rate, without a first frame that states the length."""
    noise = np.random.default_rng(0).standard_normal(160_000) * 0.1
    path = tmp_path / "a.mp3"
    soundfile.write(path, noise, 16_000, bitrate_mode="CONSTANT")
    content = path.read_bytes()
    path.write_bytes(content[content.index(content[:2], 1) :])
    return path


@pytest.fixture
def stated(tmp_path, tone):
    """Five seconds whose length its first frame states."""
    return tone(tmp_path / "b.mp3", seconds=5)


def decoded(path):
    with quiet_decoders(), AudioFile(path) as audio:
        return sum(len(block) for block in audio.blocks())


def fault(path):
    with pytest.raises(UnusableError) as caught:
        decoded(path)
    return caught.value


def id3(num_bytes):
    size = bytes(num_bytes >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x04\x00\x00" + size + bytes(num_bytes)


def test_the_frames_are_counted(mp3, stated):
    assert abs(scan_mp3(mp3).num_samples - 160_000) < 4 * 576
    assert not scan_mp3(mp3).states_length
    assert scan_mp3(stated).states_length


def test_tags_before_and_behind_are_passed_over(mp3):
    bare = scan_mp3(mp3)
    mp3.write_bytes(id3(200_000) + mp3.read_bytes() + b"TAG" + bytes(125))
    assert scan_mp3(mp3) == bare
    # libsndfile guesses from the file's size, so the tag seems to be half a minute of sound.
    assert abs(decoded(mp3) - 160_000) < 4 * 1152


def test_a_file_cut_within_a_frame_is_truncated(mp3, stated):
    for path in (mp3, stated):
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10 + 1])
        assert fault(path).reason == "truncated"


def test_a_file_cut_between_frames_is_not_as_long_as_it_states(stated):
    content = stated.read_bytes()
    stated.write_bytes(content[: content.index(content[:2], len(content) // 2)])
    assert scan_mp3(stated).cut is None
    assert fault(stated).reason == "header disagrees"


def test_a_second_recording_behind_the_first_is_found(stated):
    stated.write_bytes(stated.read_bytes() * 2)
    assert fault(stated).reason == "header disagrees"


@pytest.mark.skipif(find_ffmpeg() is None, reason="FFmpeg is not on PATH")
def test_a_length_guessed_too_short_does_not_end_the_file(mp3):
    assert soundfile.info(mp3).frames < 80_000
    assert abs(decoded(mp3) - 160_000) < 4 * 1152
