import numpy as np
import pytest
import torch

from engine.systems.vqvae.data.frontend import FrontEnd
from engine.systems.vqvae.recipe import Dataset


def front_end(window="first"):
    return FrontEnd.of(Dataset(corpus="words", window=window))


def test_a_short_clip_is_padded_with_silence_at_its_end():
    cut = front_end().cut(np.full(4_000, 16_384, np.int16))
    assert cut.shape == (16_000,)
    assert cut.dtype == np.float32
    assert (cut[:4_000] == 0.5).all()
    assert not cut[4_000:].any()


def test_the_first_second_of_a_longer_clip_is_kept():
    samples = np.arange(20_000, dtype=np.int16)
    assert np.array_equal(front_end().cut(samples) * 32_768, samples[:16_000])


@pytest.mark.parametrize("loud", [0, 7_000, 14_000])
def test_the_loudest_second_holds_the_word_wherever_it_is(loud):
    samples = np.ones(30_000, np.int16)
    samples[loud : loud + 16_000] = 9_000
    assert (front_end("loudest").cut(samples) * 32_768 == 9_000).all()


def test_the_loudest_second_of_full_scale_does_not_overflow():
    samples = np.full(20_000, -32_768, np.int16)
    samples[:4_000] = 0
    assert (front_end("loudest").cut(samples) == -1.0).all()


def test_silence_is_minus_100_db_in_32_frames_of_128_bands():
    mel_db = front_end().mel_db(torch.zeros(2, 16_000))
    assert mel_db.shape == (2, 1, 128, 32)
    assert (mel_db == -100.0).all()


def test_audio_read_back_from_its_mel_is_one_second():
    wave = torch.sin(2 * torch.pi * 440 * torch.arange(16_000) / 16_000)[None]
    end = front_end()
    made = end.to_waveform(end.mel_db(wave))
    assert made.shape == (1, 16_000)
    assert float(made.std()) == pytest.approx(float(wave.std()), rel=0.2)


def test_facts_tell_two_windows_apart():
    assert front_end("first").facts != front_end("loudest").facts
