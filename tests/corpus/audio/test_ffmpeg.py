import os
import stat
import subprocess

import numpy as np
import pytest
import soundfile

from engine.corpus.audio import ffmpeg
from engine.corpus.audio.decode import AudioFile, UnusableError, decoders
from engine.corpus.audio.decoder import DecoderError
from engine.corpus.audio.ffmpeg import FFmpegDecoder, find_ffmpeg

needs_ffmpeg = pytest.mark.skipif(find_ffmpeg() is None, reason="FFmpeg is not on PATH")


def decoded(path, **settings):
    with AudioFile(path, **settings) as audio:
        return np.concatenate([np.zeros(0, np.float32), *audio.blocks()]), audio.decoder


def fault(path):
    with pytest.raises(UnusableError) as caught:
        decoded(path)
    return caught.value


def by_ffmpeg(path):
    decoder, blocks = FFmpegDecoder(path), []
    while len(block := decoder.read()):
        blocks.append(block[:, 0])
    decoder.close()
    return np.concatenate(blocks)


def convert(source, target, *options):
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-i", source, *options, target]
    subprocess.run(command, check=True)
    return target


@pytest.fixture
def fake(tmp_path, monkeypatch):
    """An ffmpeg on PATH that does as a shell script says."""

    def write(script):
        program = tmp_path / "bin" / "ffmpeg"
        program.parent.mkdir()
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")

    return write


@needs_ffmpeg
@pytest.mark.parametrize("name", ["a.m4a", "a.aac", "a.wma", "a.webm", "a.mka"])
def test_what_libsndfile_does_not_read_ffmpeg_does(tmp_path, tone, name):
    path = convert(tone(tmp_path / "real.wav", seconds=2, rate=48_000), tmp_path / name)
    samples, decoder = decoded(path)
    assert decoder == "FFmpeg"
    assert abs(len(samples) - 96_000) < 5_000
    assert 0.4 < np.abs(samples).max() < 0.6


@needs_ffmpeg
def test_a_name_cannot_be_an_option_or_an_address(tmp_path, tone, monkeypatch):
    path = convert(tone(tmp_path / "real.wav"), tmp_path / "a.m4a")
    monkeypatch.chdir(tmp_path)
    for name in ("-y.m4a", "http:a.m4a", "concat:a.m4a|b.m4a"):
        samples, _ = decoded(path.rename(name))
        path = path.with_name(name)
        assert len(samples) > 0


@needs_ffmpeg
@pytest.mark.parametrize(
    "playlist",
    [
        "ffconcat version 1.0\nfile real.wav\n",
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nreal.wav\n#EXT-X-ENDLIST\n",
    ],
)
def test_a_playlist_opens_no_other_file(tmp_path, tone, playlist):
    tone(tmp_path / "real.wav")
    path = tmp_path / "a.m4a"
    path.write_text(playlist)
    assert fault(path).reason == "unreadable"
    with pytest.raises(DecoderError, match="not on whitelist"):
        FFmpegDecoder(path)


@needs_ffmpeg
@pytest.mark.parametrize("name", ["a.aac", "a.webm", "a.wma", "a.mka"])
def test_what_is_cut_in_the_middle_is_truncated(tmp_path, tone, name):
    path = convert(tone(tmp_path / "real.wav", seconds=5), tmp_path / name)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert fault(path).reason == "truncated"


@needs_ffmpeg
def test_an_m4a_without_its_index_is_unreadable(tmp_path, tone):
    path = convert(tone(tmp_path / "real.wav", seconds=5), tmp_path / "a.m4a")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "moov atom not found" in fault(path).detail


@needs_ffmpeg
@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.aiff"])
def test_both_decoders_give_the_very_same_samples(tmp_path, name):
    noise = np.random.default_rng(0).uniform(-1, 1, 100_000)
    for subtype in ("PCM_16", "PCM_24"):
        soundfile.write(tmp_path / name, noise, 16_000, subtype=subtype)
        assert np.array_equal(by_ffmpeg(tmp_path / name), decoded(tmp_path / name)[0])


@needs_ffmpeg
@pytest.mark.parametrize(
    ("name", "subtype"), [("a.ogg", "VORBIS"), ("b.ogg", "OPUS"), ("a.mp3", "MPEG_LAYER_III")]
)
def test_both_decoders_agree_on_lossy_audio(tmp_path, tone, name, subtype):
    path = tone(tmp_path / name, rate=48_000, subtype=subtype)
    one, other = decoded(path)[0], by_ffmpeg(path)
    assert 0 <= len(one) - len(other) <= 128  # FFmpeg may leave out Vorbis's last half block
    assert np.allclose(one[: len(other)], other, atol=1e-5)


@needs_ffmpeg
def test_a_stream_of_flac_without_its_length_is_read_whole(tmp_path):
    noise = np.random.default_rng(0).integers(-9_000, 9_000, 200_000).astype(np.int16)
    soundfile.write(tmp_path / "real.wav", noise, 16_000)
    with (tmp_path / "a.flac").open("wb") as file:
        command = ["ffmpeg", "-loglevel", "error", "-i", tmp_path / "real.wav", "-f", "flac", "-"]
        subprocess.run(command, stdout=file, stdin=subprocess.DEVNULL, check=True)
    samples, decoder = decoded(tmp_path / "a.flac")
    assert decoder == "FFmpeg"  # which went on where libsndfile failed, without a gap
    assert np.array_equal(samples * 32768, noise)


@needs_ffmpeg
def test_a_flac_cut_anywhere_is_truncated(tmp_path):
    noise = np.random.default_rng(0).standard_normal(16_000 * 6) * 0.1
    path = tmp_path / "a.flac"
    soundfile.write(path, noise, 16_000)
    content = path.read_bytes()
    for share in (0.02, 0.3, 0.7, 0.999):
        path.write_bytes(content[: int(len(content) * share)])
        assert fault(path).reason == "truncated"


def test_without_ffmpeg_a_file_says_that_it_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "a.m4a").write_bytes(b"\x00\x00\x00\x20ftypM4A " + bytes(100))
    error = fault(tmp_path / "a.m4a")
    assert error.reason == "unreadable"
    assert "FFmpeg, which may, is not on PATH: install it" in error.detail


def test_a_decoder_that_hangs_is_ended(tmp_path, monkeypatch, fake):
    fake("echo $$ > '" + str(tmp_path / "pid") + "'\nexec sleep 600")
    monkeypatch.setattr(ffmpeg, "STALL_SECONDS", 0.3)
    (tmp_path / "a.m4a").write_bytes(bytes(100))
    assert "gave nothing for 0.3 s" in fault(tmp_path / "a.m4a").detail
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_a_decoder_that_crashes_takes_nothing_with_it(tmp_path, fake):
    fake("kill -SEGV $$")
    (tmp_path / "a.m4a").write_bytes(bytes(100))
    assert fault(tmp_path / "a.m4a").reason == "unreadable"


@needs_ffmpeg
def test_leaving_early_ends_the_process(tmp_path, tone):
    path = convert(tone(tmp_path / "real.wav", seconds=20, rate=48_000), tmp_path / "a.m4a")
    with AudioFile(path) as audio:
        next(audio.blocks())
        process = audio._decoder._process
    assert process.returncode is not None


def test_the_decoders_are_known_by_their_versions():
    versions = decoders()
    assert versions["libsndfile"]
    assert (versions["FFmpeg"] is None) == (find_ffmpeg() is None)
