import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import faiss
import numpy as np
import pytest
import soundfile
import torch
from attrs import evolve, frozen

from engine.errors import UserError
from engine.systems.rvc.conversion import disk_samples, source
from engine.systems.rvc.conversion.convert import convert_file
from engine.systems.rvc.conversion.decoding import Decoding
from engine.systems.rvc.conversion.segments import segments_of
from engine.systems.rvc.conversion.voice import Wishes
from engine.systems.rvc.index.retrieval import Retrieval
from tests.systems.rvc.conversion.reference.cases import CASES
from tests.systems.rvc.conversion.stand_ins import (
    DIM,
    RATE,
    SETTINGS,
    LocalPitch,
    noise_of,
    speech,
    synthesizer,
    vectors,
    voice,
)

REFERENCE = Path(__file__).parent / "reference"


@pytest.fixture(scope="module")
def retrieval():
    index = faiss.IndexFlatL2(DIM)
    index.add(vectors())
    return Retrieval(index)


@pytest.fixture
def convert(tmp_path):
    """Convert samples at 16 kHz; the result float32, and what is said of it."""

    def convert(spoken, samples, wishes, rate=16_000):
        soundfile.write(tmp_path / "in.wav", samples, rate, subtype="FLOAT")
        target = tmp_path / "out.wav"
        said = convert_file(
            spoken,
            tmp_path / "in.wav",
            target,
            wishes,
            as_float=True,
            moved=lambda share: None,
        )
        made, found_rate = soundfile.read(target, dtype="float32")
        assert found_rate == RATE
        assert sorted(tmp_path.iterdir()) == [tmp_path / "in.wav", target]
        return made, said

    return convert


def kept_by_upstream(made, parts):
    """Without the frames that upstream loses at the end of each segment, up to three."""
    kept = []
    for part in parts:
        is_last = part is parts[-1]
        heard = part.stop - part.start + 32_000 + (0 if is_last else 160)
        frames = min(heard // 160, 2 * ((heard - 400) // 320 + 1)) - 200
        start = part.start // 160 * SETTINGS.hop_length
        kept.append(made[start : start + frames * SETTINGS.hop_length])
    return np.concatenate(kept)


@pytest.mark.parametrize("name", CASES)
def test_conversion_equals_upstreams_to_a_step_of_16_bits(convert, monkeypatch, retrieval, name):
    case, parts, drawn = CASES[name], [], []
    monkeypatch.setattr("engine.systems.rvc.conversion.convert.segments_of", _recorded_into(parts))
    spoken = voice(
        pitch=LocalPitch(case.step_hz),
        unvoiced="interpolate" if case.is_main else "zero",
        retrieval=retrieval,
    )

    def draw(batch_size, num_frames, generator):
        drawn.append(num_frames)
        return noise_of(SETTINGS, num_frames, len(drawn) - 1)

    spoken.synthesizer.draw = draw
    wishes = Wishes(
        semitones=case.semitones,
        index_rate=case.index_rate,
        protect=case.protect,
        volume_mix=case.volume_mix,
    )
    made, _ = convert(spoken, speech(case.seconds), wishes)
    assert len(made) == case.seconds * RATE
    expected = np.load(REFERENCE / ("main.npz" if case.is_main else "20240604.npz"))[name]
    found = kept_by_upstream(made, parts)[:: case.every]
    assert found.shape == expected.shape
    assert np.abs(expected).max() > 8000
    # Upstream cuts towards 0 where a sample becomes 16 bits, and adds up the sine's phase in single
    # precision, which shows over 40 s.
    assert np.abs(found * 32768 - expected).max() < (2.0 if name == "long" else 1.05)


def _recorded_into(parts):
    def recorded(samples):
        parts.extend(segments_of(samples))
        return parts

    return recorded


def test_the_result_is_the_same_whatever_is_held_in_memory(convert, monkeypatch, retrieval):
    spoken, wishes = voice(retrieval=retrieval), Wishes(seed=3)
    samples = np.stack([speech(44), np.zeros(44 * 16_000, np.float32)], 1)
    whole, _ = convert(spoken, samples, wishes)
    for module in (source, disk_samples):
        monkeypatch.setattr(module, "BLOCK", 10_007)
    monkeypatch.setattr(Decoding.__init__, "__defaults__", (123,))
    parts, _ = convert(spoken, samples, wishes)
    assert whole.shape == (44 * RATE,)
    assert np.abs(whole).max() > 0.01
    assert np.allclose(parts, whole, atol=2e-6)


def test_the_result_has_the_length_of_the_source(convert):
    for seconds, rate in ((0.0123, 44_100), (1.0007, 11_025), (0.5, 48_000)):
        samples = speech(2)[: int(seconds * rate)]
        made, said = convert(voice(), samples, Wishes(), rate)
        assert len(made) == round(len(samples) * RATE / rate)
        assert said.seconds == pytest.approx(seconds, abs=1e-4)


@pytest.mark.parametrize("semitones", [-7, 0, 12])
def test_the_pitch_is_moved_to_the_voices_median(convert, semitones):
    samples = speech(3)
    f0 = LocalPitch()(np.pad(samples, 16_000, mode="reflect"))
    median = float(np.median(f0[f0 > 0]))
    spoken = voice(median_hz=1.01 * median * 2 ** (semitones / 12))
    made, said = convert(spoken, samples, Wishes(auto_transpose=True))
    assert said.semitones == semitones
    by_hand, _ = convert(spoken, samples, Wishes(semitones=semitones))
    assert np.array_equal(made, by_hand)


def test_what_was_mixed_and_what_has_no_pitch_is_noted(convert):
    hiss = 0.01 * np.random.default_rng(0).normal(size=(16_000, 2)).astype(np.float32)
    _, said = convert(voice(median_hz=100.0), hiss, Wishes(auto_transpose=True))
    assert said.notes == ["its 2 channels were mixed", "no frame of it is voiced"]
    assert said.semitones == 0.0
    assert convert(voice(), speech(1), Wishes())[1].notes == []


def test_loudness_is_the_sources_the_models_or_between(convert):
    samples = 0.2 * speech(4)
    own, half, sources = (
        np.sqrt(np.square(convert(voice(), samples, Wishes(volume_mix=mix))[0]).mean())
        for mix in (1.0, 0.5, 0.0)
    )
    level = np.sqrt(np.square(samples).mean())
    assert sources == pytest.approx(level, rel=0.1)
    assert sources < half < own


def test_a_model_without_pitch_converts(convert):
    settings = evolve(SETTINGS, uses_f0=False)
    made, _ = convert(voice(synthesizer=synthesizer(settings), pitch=None), speech(1), Wishes())
    assert np.abs(made).max() > 0.001


def test_a_failure_on_the_way_leaves_what_was_there(convert, tmp_path):
    (tmp_path / "out.wav").write_bytes(b"old")

    def broken(features):
        raise UserError("broken")

    with pytest.raises(UserError, match="broken"):
        convert(voice(retrieval=broken), speech(1), Wishes())
    assert (tmp_path / "out.wav").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 2


@frozen
class NoContent:
    """One number a frame."""

    dim: int = 1
    digest: str = "none"

    def num_frames(self, num_samples):
        return num_samples // 320 + 1

    def __call__(self, samples):
        return samples[::320, None]


class Silent:
    """In place of a synthesizer: what is held in memory is then the pipeline's own."""

    settings = SETTINGS
    emb_g = torch.nn.Embedding(1, 1)
    dec = SimpleNamespace(context_frames=10)

    def draw(self, batch_size, num_frames, generator):
        return noise_of(SETTINGS, 1, 0)

    def latents(self, content, *_):
        return torch.zeros(1, 1, content.shape[1])

    def decode(self, latents, *_):
        return torch.full((1, 1, latents.shape[2] * SETTINGS.hop_length), 0.1)


def test_memory_does_not_grow_with_the_length(tmp_path):
    spoken = voice(synthesizer=Silent(), content=NoContent(), pitch=None)
    peaks = []
    for minutes in (3, 18):
        path = tmp_path / "in.wav"
        with soundfile.SoundFile(path, "w", 1000, 1, "PCM_16") as file:
            for minute in range(minutes):
                file.write(0.1 * np.sin(np.arange(60_000.0) + minute))
        tracemalloc.start()
        convert_file(
            spoken, path, tmp_path / "out.wav", Wishes(), as_float=False, moved=lambda share: None
        )
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert soundfile.info(tmp_path / "out.wav").frames == minutes * 60 * RATE
    assert max(peaks) < 40e6  # of samples, 18 minutes alone are 140 MB
