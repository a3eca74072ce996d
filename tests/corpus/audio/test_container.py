"""Files whose header says another length than they have, of every container there is."""

import struct
import subprocess

import numpy as np
import pytest
import soundfile

from engine.corpus.audio.decode import AudioFile, UnusableError, quiet_decoders
from engine.corpus.audio.ffmpeg import find_ffmpeg

needs_ffmpeg = pytest.mark.skipif(find_ffmpeg() is None, reason="FFmpeg is not on PATH")
NUM_FRAMES = 7_999

WRITTEN = [
    ("a.wav", {}),
    ("a.wav", {"format": "WAVEX"}),
    ("a.wav", {"endian": "BIG"}),
    ("a.wav", {"subtype": "ULAW"}),
    ("a.wav", {"subtype": "IMA_ADPCM"}),
    ("a.wav", {"subtype": "FLOAT"}),
    ("a.rf64", {"format": "RF64"}),
    ("a.w64", {}),
    ("a.aiff", {}),
    ("a.aiff", {"subtype": "PCM_S8"}),
    ("a.au", {}),
    ("a.caf", {}),
    ("a.sph", {"format": "NIST"}),
    ("a.flac", {}),
    ("a.ogg", {"subtype": "VORBIS"}),
    ("a.mp3", {}),
]
CONVERTED = ["a.m4a", "a.3gp", "a.mov", "a.webm", "a.mka", "a.wma", "a.tta"]


def noise(path, num_frames=NUM_FRAMES, **settings):
    samples = 0.1 * np.random.default_rng(0).standard_normal(num_frames)
    soundfile.write(path, samples, 16_000, **settings)
    return path


def convert(source, target, *options):
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-i", source, *options, target]
    subprocess.run(command, check=True)
    return target


def read(path):
    """Frames, and what the header says wrongly."""
    with quiet_decoders(), AudioFile(path) as audio:
        return sum(map(len, audio.blocks())), audio.header_fault


def fault(path):
    with pytest.raises(UnusableError) as caught:
        read(path)
    return str(caught.value)


def patch(path, *places):
    """Write other bytes at some places: (after this, these)."""
    content = bytearray(path.read_bytes())
    for name, new in places:
        at = content.index(name) + len(name)
        content[at : at + len(new)] = new
    path.write_bytes(content)


# ---- a second recording ----


@pytest.mark.parametrize(("name", "settings"), WRITTEN)
def test_a_second_recording_behind_the_first_is_found(tmp_path, name, settings):
    path = noise(tmp_path / name, **settings)
    assert abs(read(path)[0] - NUM_FRAMES) < 5_000
    path.write_bytes(path.read_bytes() * 2)
    assert fault(path) == "header disagrees: a second recording follows the first"


@needs_ffmpeg
@pytest.mark.parametrize("name", CONVERTED)
def test_of_what_ffmpeg_reads_too(tmp_path, name):
    options = ["-c:a", "aac"] if name == "a.3gp" else []
    path = convert(noise(tmp_path / "b.wav"), tmp_path / name, *options)
    read(path)
    path.write_bytes(path.read_bytes() * 2)
    assert fault(path) == "header disagrees: a second recording follows the first"


def test_the_second_may_be_of_another_kind(tmp_path):
    path, other = noise(tmp_path / "a.wav"), noise(tmp_path / "b.flac")
    path.write_bytes(path.read_bytes() + other.read_bytes())
    assert "a second recording follows" in fault(path)


def test_a_second_data_chunk_is_one(tmp_path):
    path = noise(tmp_path / "a.wav", 8_000)
    path.write_bytes(path.read_bytes() + path.read_bytes()[36:])
    assert "a second recording follows" in fault(path)


# ---- more than the header says ----


def test_a_data_chunk_that_says_half_is_found(tmp_path):
    path = noise(tmp_path / "a.wav", 8_000)
    patch(path, (b"data", struct.pack("<I", 8_000)))
    said = "header disagrees: it says 8,000 bytes of audio, and 8,000 more follow them"
    assert fault(path) == said


def test_an_au_file_that_says_half_is_found(tmp_path):
    path = noise(tmp_path / "a.au", 8_000)
    content = bytearray(path.read_bytes())
    content[8:12] = struct.pack(">I", 8_000)
    path.write_bytes(content)
    assert "it says 8,000 bytes of audio, and 8,000 more follow them" in fault(path)


def test_a_flac_that_says_half_is_found(tmp_path):
    path = noise(tmp_path / "a.flac", 50_000)
    content = bytearray(path.read_bytes())
    facts = int.from_bytes(content[18:26], "big")
    content[18:26] = (facts - 25_000).to_bytes(8, "big")
    path.write_bytes(content)
    assert fault(path) == "header disagrees: 25,000 frames in its header, 50,000 in the file"


# ---- slips that cost no sample ----


@pytest.mark.parametrize("more", [8, 16, 36, 44])
def test_a_size_that_counts_the_header_in_costs_no_sample(tmp_path, more):
    path = noise(tmp_path / "a.wav", 8_000)
    patch(path, (b"data", struct.pack("<I", 16_000 + more)))
    said = f"it says {16_000 + more:,} bytes of audio, and 16,000 are there"
    assert read(path) == (8_000, said)


def test_in_aiff_too(tmp_path):
    path = noise(tmp_path / "a.aiff", 8_000)
    patch(path, (b"SSND", struct.pack(">I", 16_008 + 46)))
    assert read(path) == (8_000, "it says 16,046 bytes of audio, and 16,000 are there")


OPEN = "it says no length, and 16,000 bytes of audio are there"


@pytest.mark.parametrize(
    ("name", "settings", "places"),
    [
        ("a.wav", {}, [(b"data", bytes(4))]),
        ("a.wav", {}, [(b"RIFF", b"\xff" * 4), (b"data", b"\xff" * 4)]),
        ("a.wav", {"endian": "BIG"}, [(b"data", bytes(4))]),
        ("a.rf64", {"format": "RF64"}, [(b"ds64", struct.pack("<IQQQ", 28, 0, 0, 0))]),
        ("a.rf64", {"format": "RF64"}, [(b"ds64", struct.pack("<I", 28) + b"\xff" * 24)]),
        ("a.aiff", {}, [(b"SSND", bytes(4))]),
        ("a.aiff", {}, [(b"FORM", b"\x7f\0\0\x24"), (b"SSND", b"\x7f\0\0\x08")]),
        ("a.caf", {}, [(b"data", b"\xff" * 8)]),
        ("a.caf", {}, [(b"data", bytes(8))]),
    ],
)
def test_a_recorder_that_left_no_length_costs_no_sample(tmp_path, name, settings, places):
    path = noise(tmp_path / name, 8_000, **settings)
    patch(path, *places)
    assert read(path) == (8_000, OPEN)


@needs_ffmpeg
@pytest.mark.parametrize("kind", ["wav", "aiff", "au", "w64", "caf", "wav -rf64 always"])
def test_what_ffmpeg_writes_through_a_pipe_is_read_whole(tmp_path, kind):
    noise(tmp_path / "b.wav", 8_000)
    command = ["ffmpeg", "-loglevel", "error", "-i", tmp_path / "b.wav", "-f", *kind.split(), "-"]
    with (tmp_path / "a.wav").open("wb") as file:
        pipe = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        file.write(pipe.communicate()[0])
    assert read(tmp_path / "a.wav") == (8_000, OPEN)


# ---- sound files are never called odd ----


@pytest.mark.parametrize(("name", "settings"), WRITTEN)
@pytest.mark.parametrize("num_frames", [7_999, 8_000])
def test_sound_files_are_sound(tmp_path, name, settings, num_frames):
    frames, said = read(noise(tmp_path / name, num_frames, **settings))
    assert said is None
    assert abs(frames - num_frames) < 5_000


@pytest.mark.parametrize(
    "behind",
    [
        b"LIST" + struct.pack("<I", 2_000) + b"INFO" + b"x" * 1_996,
        b"LIST" + struct.pack("<I", 9_000) + b"INFO",
        b"id3 " + struct.pack("<I", 4_000) + b"ID3\x04" + b"x" * 3_996,
        b"ID3\x04\0\0\0\0\x20\0" + b"x" * 4_096,
        b"TAG" + b"x" * 125,
        b"APETAGEX" + b"x" * 5_000,
        bytes(100_000),
        b"more",
    ],
)
@pytest.mark.parametrize("num_frames", [7_999, 8_000])
def test_tags_and_padding_behind_the_samples_are_no_fault(tmp_path, behind, num_frames):
    path = noise(tmp_path / "a.wav", num_frames, subtype="PCM_U8")
    content = path.read_bytes()
    path.write_bytes(content[: 44 + num_frames] + behind)
    assert read(path) == (num_frames, None)
    path.write_bytes(content[: 44 + num_frames] + bytes(num_frames % 2) + behind)
    assert read(path) == (num_frames, None)


@needs_ffmpeg
@pytest.mark.parametrize(
    "options",
    [
        ["-c:a", "libmp3lame"],
        ["-c:a", "libmp3lame", "-ar", "44100"],
        ["-c:a", "adpcm_ms"],
        ["-c:a", "gsm_ms", "-ar", "8000"],
        ["-c:a", "mp2"],
        ["-c:a", "flac"],
    ],
)
def test_compressed_audio_in_a_wav_is_sound(tmp_path, options):
    path = convert(noise(tmp_path / "b.wav", 16_000), tmp_path / "a.wav", *options)
    frames, said = read(path)
    assert said is None
    assert frames > 7_000


@needs_ffmpeg
def test_an_mp3_in_a_wav_that_is_cut_is_truncated(tmp_path):
    path = convert(noise(tmp_path / "b.wav", 32_000), tmp_path / "a.wav", "-c:a", "libmp3lame")
    path.write_bytes(path.read_bytes()[:-2_000])
    assert fault(path).startswith("truncated")
