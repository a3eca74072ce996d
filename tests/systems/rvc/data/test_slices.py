"""Recordings are cut, filtered and levelled as RVC WebUI does it, on every machine the same."""

import json
from pathlib import Path

import numpy as np
import pytest

from engine.systems.rvc.data.high_pass import HighPassed
from engine.systems.rvc.data.slices import Dropped, Slicing, slice_audio, slice_clip
from engine.systems.rvc.dataset_table import Dataset, Fcpe, LogMel
from tests.systems.rvc.voices_project import voice

REFERENCE = Path(__file__).with_name("slices_reference.json")
"""What `train/preprocess.py` of RVC WebUI (July 2026) makes of `recording` at each rate: for every
file its samples, its energy, its energy at 16 kHz, and its 1,000th sample."""
PAUSES = (0.05, 0.3, 0.45, 0.7, 0.95, 1.3, 2.5)


class Packed:
    """One clip, as packed audio gives it."""

    def __init__(self, samples, rate):
        self.samples, self.sample_rate_hz, self.lengths = samples, rate, np.array([len(samples)])

    def read(self, _, start=0, stop=None):
        return self.samples[start:stop]


def recording(rate):
    """Speech-like sound with every kind of pause, int16: quiet at both ends, 35 s."""
    random = np.random.default_rng(3)
    parts = [np.zeros(rate)]
    for number, pause in enumerate(PAUSES * 2):
        length = round((1.7 if number % 2 else 0.6) * rate) + (number == 4) * 9 * rate
        times = np.arange(length) / rate
        hum = 0.2 * np.sin(2 * np.pi * 30 * times)  # below the high-pass
        parts += [hum + 0.3 * np.sin(2 * np.pi * (150 + 10 * number) * times)]
        parts += [random.normal(0, 1e-4, round(pause * rate))]
    return np.round(np.concatenate(parts) * 32767).astype(np.int16)


def cut(samples, rate=16_000, slice_seconds=3.7, shortest_seconds=0.5):
    slicing = Slicing(rate, slice_seconds, round(shortest_seconds * rate))
    packed = Packed(samples, rate)
    found = [*slice_clip(packed, 0, 0, slicing)]
    slices = [one for one in found if not isinstance(one, Dropped)]
    dropped = [one for one in found if isinstance(one, Dropped)]
    return [(part, slice_audio(packed, 0, part), heard) for part, heard in slices], dropped


@pytest.mark.parametrize("rate", [16_000, 40_000, 48_000])
def test_slices_are_those_of_rvc_webui(rate):
    slices, dropped = cut(recording(rate), rate)
    wanted = json.loads(REFERENCE.read_text())[str(rate)]
    assert not dropped
    assert len(slices) == len(wanted) > 10
    for (_, audio, heard), (length, energy, energy_16k, sample) in zip(slices, wanted, strict=True):
        assert len(audio) == length
        np.testing.assert_allclose(np.square(audio, dtype="f8").sum(), energy, rtol=1e-6)
        np.testing.assert_allclose(np.square(heard, dtype="f8").sum(), energy_16k, rtol=1e-5)
        np.testing.assert_allclose(audio[1000], sample, atol=1e-6)


def test_any_part_is_the_same_as_of_the_whole_filtered_clip_bit_for_bit():
    packed = Packed(recording(16_000), 16_000)
    audio = HighPassed(packed, 0)
    whole, _ = audio.read(0, len(packed.samples), np.zeros(5))
    blocks = [*audio.blocks(1234)]
    assert np.array_equal(np.concatenate([samples for samples, _ in blocks]), whole)
    state = blocks[7][1]
    assert np.array_equal(audio.read(7 * 1234, 7 * 1234 + 500, state)[0], whole[8638:9138])


def test_no_sound_is_lost():
    """What is in no slice is silence that the slicer took out."""
    samples = recording(16_000)
    slices, _ = cut(samples)
    covered = np.zeros(len(samples), bool)
    for part, _, _ in slices:
        covered[part["start"] : part["stop"]] = True
    assert 0.05 < (~covered).mean() < 0.4
    assert np.abs(samples[~covered]).max() < 0.02 * 32768


def test_a_short_end_is_widened_into_what_lies_before_it():
    beep, pause = voice(200, 0.1), np.zeros(9600)
    samples = np.round(np.concatenate([voice(200, 1.6), pause, beep]) * 32767).astype(np.int16)
    slices, _ = cut(samples)
    part, audio, _ = slices[-1]
    assert part["stop"] == len(samples)
    assert len(audio) == 8000
    assert np.abs(audio[-1600:]).max() > 10 * np.abs(audio[:1600]).max()


@pytest.mark.parametrize("length", [1, 200, 7999])
def test_a_clip_shorter_than_a_slice_may_be_is_followed_by_silence(length):
    samples = np.full(length, 16_000, np.int16)
    ((part, audio, heard),), dropped = cut(samples)
    assert not dropped
    assert (part["start"], part["stop"], len(heard)) == (0, 8000, 8000)
    assert np.abs(audio[:length]).max() > 0.5
    assert not audio[length:].any()


@pytest.mark.parametrize("level", [0, 20, 250])
def test_silence_is_dropped_with_its_reason(level):
    """Of a quiet room as of digital silence."""
    random = np.random.default_rng(0)
    samples = np.round(random.uniform(-level, level, 32_000)).astype(np.int16)
    slices, dropped = cut(samples)
    assert not slices
    assert {one.reason for one in dropped} == {"silent"}
    assert all(one.found.startswith("RMS ") for one in dropped)


def test_an_empty_clip_is_silent():
    slices, dropped = cut(np.zeros(0, np.int16))
    assert (slices, len(dropped)) == ([], 1)


def test_levels_are_three_quarters_normalised():
    samples = np.round(voice(200, 2.0) * 8000).astype(np.int16)
    ((_, audio, _),), _ = cut(samples)
    before = HighPassed(Packed(samples, 16_000), 0).read(0, 32_000, np.zeros(5))[0]
    peak = np.abs(before).max()
    np.testing.assert_allclose(audio, before * (0.675 / peak + 0.25), rtol=1e-5, atol=1e-7)


def test_a_slice_holds_a_segment_and_what_features_may_lack():
    dataset = Dataset(
        corpus="x", sample_rate_hz=40_000, pitch=Fcpe(), content=LogMel(), segment_frames=100
    )
    assert Slicing.of(dataset).shortest == 104 * 400
    assert Slicing(40_000, 3.7, 104 * 400).widened(0, 100) == (0, 104 * 400)
