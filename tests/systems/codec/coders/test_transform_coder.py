import numpy as np
import pytest

from engine.metrics.signal import lag_samples, si_sdr_db
from engine.systems.codec.coders import transform_coder
from engine.systems.codec.coders.transform_coder import TransformCoder

RATE = 8_000


def voice(seed, seconds=1.0, level=0.1):
    """Harmonics of a gliding pitch in syllables, over a little noise."""
    random = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    phase = 2 * np.pi * np.cumsum(140 + 20 * np.sin(2 * np.pi * time + seed)) / RATE
    harmonics = sum(np.sin(k * phase) / k for k in range(1, 20))
    syllables = np.clip(np.sin(2 * np.pi * 3 * time + seed), 0, 1)
    return (level * harmonics * syllables + 1e-3 * random.standard_normal(len(time))).astype("f4")


@pytest.fixture(scope="module")
def training():
    return [voice(seed, level=0.02 * (seed + 1)) for seed in range(6)]


@pytest.mark.parametrize("bits_per_second", [1_000, 5_000, 10_000, 64_000])
def test_each_clip_takes_the_bitrate_and_hardly_less_however_loud_it_is(training, bits_per_second):
    coder = TransformCoder.fit(training, RATE, bits_per_second)
    for level in (0.003, 0.03, 0.3):
        clip = voice(9, seconds=2.0, level=level)
        assert 0.9 * bits_per_second < coder(clip, RATE).bits / 2.0 <= bits_per_second


def test_more_bits_are_nearer_to_the_clip(training):
    clip = voice(9)
    figures = [
        si_sdr_db(clip, TransformCoder.fit(training, RATE, bits)(clip, RATE).audio)
        for bits in (1_000, 4_000, 16_000, 200_000)
    ]
    assert figures == sorted(figures)
    assert figures[0] > 0
    assert figures[-1] > 60


@pytest.mark.parametrize("num_samples", [1, 159, 160, 161, 8_001])
def test_a_decoding_is_as_long_as_its_clip_and_has_no_lag(training, num_samples):
    clip = voice(9, seconds=2.0)[4_000 : 4_000 + num_samples]
    coded = TransformCoder.fit(training, RATE, 10_000)(clip, RATE).audio
    assert coded.shape == clip.shape
    assert coded.dtype == np.float32
    if num_samples > 160:
        assert lag_samples(clip, coded, 160) == 0


def test_the_transform_is_orthonormal_so_that_an_error_is_as_large_in_samples_as_in_bins():
    basis = transform_coder._mdct_basis(20)
    audio = np.random.default_rng(0).standard_normal(95)
    spectrum = transform_coder._analyse(audio, basis)
    assert transform_coder._synthesize(spectrum, basis, 95) == pytest.approx(audio)
    assert np.square(spectrum).sum() == pytest.approx(np.square(audio).sum())


def test_a_context_knows_only_what_a_decoder_has_read_before():
    sizes = np.random.default_rng(0).integers(0, 6, (5, 8))
    contexts = transform_coder._contexts(sizes)
    for frame, row in np.ndindex(sizes.shape):
        later = sizes.reshape(-1).copy()
        later[frame * 8 + row :] = 15
        found = transform_coder._contexts(later.reshape(sizes.shape))
        assert found[frame, row] == contexts[frame, row]
    assert len(np.unique(contexts)) > 5


def test_costs_are_those_of_probabilities_and_every_symbol_can_be_coded(training):
    coder = TransformCoder.fit(training, RATE, 10_000)
    assert (2.0**-coder.costs).sum(1) == pytest.approx(np.ones(len(coder.costs)))
    loud = np.full(RATE, 1.0, np.float32)
    assert np.isfinite(coder(loud, RATE).bits)


def test_bits_are_what_an_entropy_coder_would_need_of_independent_symbols():
    symbols = np.random.default_rng(0).choice([0, 1, -1], (300, 100), p=[0.8, 0.1, 0.1])
    entropy = -(0.8 * np.log2(0.8) + 0.2 * np.log2(0.1)) * symbols.size
    bits = transform_coder._num_bits(symbols, transform_coder._costs([symbols]))
    assert bits == pytest.approx(entropy, rel=0.01)


def test_another_sample_rate_is_refused(training):
    with pytest.raises(AssertionError, match="fitted at 8000"):
        TransformCoder.fit(training, RATE, 10_000)(voice(9), 16_000)
