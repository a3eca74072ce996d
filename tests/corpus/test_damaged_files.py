"""Small recordings with random bytes changed or cut off: samples or a reason, and nothing else."""

import random

import numpy as np
import pytest
import soundfile

from engine.corpus.audio.decode import AudioFile, UnusableError, quiet_decoders
from engine.corpus.audio.ffmpeg import find_ffmpeg

FORMATS = {
    "a.wav": {"subtype": "PCM_16"},
    "b.wav": {"subtype": "MS_ADPCM"},
    "a.aiff": {"subtype": "FLOAT"},
    "a.flac": {"subtype": "PCM_16"},
    "a.ogg": {"subtype": "VORBIS"},
    "b.ogg": {"subtype": "OPUS"},
    "a.mp3": {"subtype": "MPEG_LAYER_III"},
}


@pytest.fixture(params=sorted(FORMATS))
def recording(request, tmp_path):
    noise = np.random.default_rng(0).standard_normal(16_000) * 0.1
    soundfile.write(tmp_path / request.param, noise, 16_000, **FORMATS[request.param])
    return tmp_path / request.param


def outcome(path):
    """The samples, or the reason why there are none."""
    with quiet_decoders():
        try:
            with AudioFile(path) as audio:
                return np.concatenate([np.zeros(0, np.float32), *audio.blocks()])
        except UnusableError as error:
            return error.reason


def damage(content, chance, *, behind=0):
    damaged = bytearray(content)
    for _ in range(chance.choice([1, 1, 3, 30])):
        damaged[chance.randrange(behind, len(damaged))] = chance.randrange(256)
    return damaged[: chance.randrange(1, len(damaged))] if chance.random() < 0.3 else damaged


def test_damage_anywhere_ends_in_samples_or_a_reason(recording, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    content, chance = recording.read_bytes(), random.Random(0)
    for _ in range(60):
        recording.write_bytes(damage(content, chance))
        outcome(recording)


def test_damage_to_headers_ends_in_samples_or_a_reason(recording, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    content, chance = recording.read_bytes(), random.Random(1)
    for _ in range(60):
        recording.write_bytes(damage(content[:200], chance) + content[200:])
        assert len(outcome(recording)) < 10_000_000


@pytest.mark.skipif(find_ffmpeg() is None, reason="FFmpeg is not on PATH")
def test_with_the_second_decoder_it_is_no_different(recording):
    content, chance = recording.read_bytes(), random.Random(2)
    for _ in range(6):
        recording.write_bytes(damage(content, chance))
        outcome(recording)


@pytest.mark.parametrize("recording", ["a.flac", "a.ogg", "b.ogg"], indirect=True)
def test_formats_with_checksums_never_decode_a_changed_byte(recording):
    content, chance = recording.read_bytes(), random.Random(3)
    whole = outcome(recording)
    for _ in range(15):
        damaged = bytearray(content)
        damaged[chance.randrange(len(content) // 3, len(content))] ^= 1 << chance.randrange(8)
        recording.write_bytes(damaged)
        found = outcome(recording)
        assert isinstance(found, str) or np.array_equal(found, whole)
