"""Metrics beside implementations of others: scipy, librosa, and definitions written out."""

from functools import cache

import librosa
import numpy as np
import pytest
from scipy.fft import dct
from scipy.signal import correlate, correlation_lags
from scipy.stats import entropy, pearsonr

from engine.metrics.cepstral_distortion import mcd_db
from engine.metrics.codebooks import CodebookCounts
from engine.metrics.signal import correlation, lag_samples
from engine.metrics.word_errors import character_error_rate, word_error_rate

RATE = 16_000


@pytest.fixture
def random():
    return np.random.default_rng(1)


def test_mcd_is_that_of_librosas_mel_and_alignment_and_scipys_cosine_transform(random):
    times = np.arange(RATE // 2) / RATE
    said = np.sin(2 * np.pi * 200 * times) * (times % 0.1 < 0.06)
    one, other = (
        (np.roll(said, shift) + 0.01 * random.normal(size=len(said))).astype(np.float32)
        for shift in (0, 700)
    )
    ours, theirs = (cepstra(audio) for audio in (one, other))
    costs = 10 * np.sqrt(2) / np.log(10) * np.linalg.norm(ours[:, None] - theirs[None], axis=-1)
    totals, path = librosa.sequence.dtw(C=costs)
    assert mcd_db(one, other, RATE) == pytest.approx(totals[-1, -1] / len(path), rel=1e-4)


def cepstra(audio):
    mel = librosa.feature.melspectrogram(
        y=audio, sr=RATE, n_fft=512, hop_length=160, n_mels=80, power=1.0, pad_mode="reflect"
    ).T.astype(np.float64)
    bands = np.log(np.maximum(mel, mel.max() * 1e-3))
    return dct(bands, type=2, axis=1)[:, 1:25] / 80


def test_error_rates_are_levenshteins_written_out(random):
    words = ["egy", "két", "jó", "nap", "ház"]
    for _ in range(30):
        said, heard = (" ".join(random.choice(words, random.integers(1, 7))) for _ in range(2))
        expected = distance(tuple(said.split()), tuple(heard.split())) / len(said.split())
        assert word_error_rate(said, heard) == pytest.approx(expected)
        assert character_error_rate(said, heard) == distance(said, heard) / len(said)


@cache
def distance(one, other):
    if not one or not other:
        return len(one) + len(other)
    if one[0] == other[0]:
        return distance(one[1:], other[1:])
    pairs = [(one[1:], other), (one, other[1:]), (one[1:], other[1:])]
    return 1 + min(distance(*pair) for pair in pairs)


def test_entropy_and_perplexity_are_scipys(random):
    codes = random.integers(0, 40, (3, 2_000))
    counts = CodebookCounts(3, 64)
    counts.add(codes)
    nats = np.array([entropy(np.bincount(row)) for row in codes])
    missed = np.array([len(set(row)) - 1 for row in codes]) / (2 * 2_000)  # Miller and Madow
    assert counts.perplexity == pytest.approx(np.exp(nats))
    assert counts.entropy_bits == pytest.approx((nats + missed) / np.log(2))


def test_correlation_and_lag_are_scipys(random):
    reference = random.normal(size=2_000)
    for shift in (-7, 0, 12):
        decoded = -0.5 * np.roll(reference, shift) + 0.1 * random.normal(size=2_000)
        assert correlation(reference, decoded) == pytest.approx(pearsonr(reference, decoded)[0])
        sizes = np.abs(correlate(decoded, reference))
        assert lag_samples(reference, decoded, 20) == correlation_lags(2_000, 2_000)[sizes.argmax()]
