import numpy as np
import pytest
import torch

from engine.systems.rvc.conversion.decoding import Decoding
from engine.systems.rvc.conversion.frames import Frames, frames_of
from engine.systems.rvc.conversion.voice import Wishes
from engine.systems.rvc.network.synthesizer import Noise
from tests.systems.rvc.conversion.stand_ins import SETTINGS, speech, voice

HOP = SETTINGS.hop_length


@pytest.fixture(scope="module")
def spoken():
    return voice()


@pytest.fixture(scope="module")
def frames(spoken):
    samples = speech(3)
    return frames_of(spoken, samples, spoken.pitch(samples), 0.0, Wishes())


@pytest.mark.parametrize("piece_frames", [1, 7, 64, 199])
def test_pieces_of_any_length_give_the_audio_of_the_whole(spoken, frames, piece_frames):
    whole = Decoding(spoken, 0.7, 3, piece_frames=10_000)(frames, 50, 200)
    pieces = Decoding(spoken, 0.7, 3, piece_frames=piece_frames)(frames, 50, 200)
    assert whole.shape == pieces.shape == (200 * HOP,)
    assert np.abs(whole).max() > 0.01
    assert np.allclose(pieces, whole, atol=2e-6)


def test_the_whole_is_what_the_network_infers(spoken, frames):
    whole = Decoding(spoken, 0.7, 3)(frames, 0, len(frames.content))
    inferred = spoken.synthesizer.infer(
        *(torch.from_numpy(part)[None] for part in (frames.content, frames.f0_coarse, frames.f0)),
        torch.tensor([len(frames.content)]),
        torch.tensor([1]),
        0.7,
        torch.Generator().manual_seed(3),
    )
    assert np.allclose(whole, inferred[0, 0].numpy(), atol=2e-6)


def test_the_sine_goes_on_from_one_segment_to_the_next(spoken, monkeypatch):
    """Of a tone without noise, two segments are what one is."""
    tone = np.full(300, 123.4, np.float32)
    content = np.zeros((300, SETTINGS.content_dim), np.float32)
    frames = Frames(content, tone, np.full(300, 40))
    monkeypatch.setattr(spoken.synthesizer, "draw", lambda *_, **__: _silence(300))
    decode = Decoding(spoken, 0.0, 0)
    first, second = decode(frames, 100, 77), decode(frames, 100, 90)
    once = Decoding(spoken, 0.0, 0)(frames, 100, 167)
    assert np.allclose(np.concatenate([first, second]), once, atol=1e-4)
    assert np.abs(first[:HOP] - second[:HOP]).max() > 1e-3


def _silence(num_frames):
    shape = (1, SETTINGS.latent_dim, num_frames)
    return Noise(torch.zeros(shape), torch.zeros(1, num_frames * HOP))


def test_a_seed_gives_the_same_audio_and_another_seed_another(spoken, frames):
    one, same, other = (Decoding(spoken, 0.7, seed)(frames, 50, 100) for seed in (3, 3, 4))
    assert np.array_equal(one, same)
    assert np.abs(one - other).max() > 1e-3
