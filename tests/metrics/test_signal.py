import numpy as np
import pytest
import torch
from dac.nn.loss import SISDRLoss

from engine.metrics.signal import (
    LARGEST_DB,
    amplitude_ratio,
    correlation,
    is_silent,
    lag_samples,
    si_sdr_db,
    snr_db,
)


@pytest.fixture
def random():
    return np.random.default_rng(0)


@pytest.fixture
def speechlike(random):
    """Smooth noise in bursts, as float32 in -1..1."""
    noise = np.convolve(random.standard_normal(9_000), np.hanning(9), "same")
    bursts = np.sin(np.arange(9_000) / 400.0) ** 2
    return (0.05 * noise * bursts).astype(np.float32)


def of_dac(reference, decoded, *, scaling, zero_mean):
    x, y = (
        torch.from_numpy(audio.astype(np.float64))[None, None] for audio in (reference, decoded)
    )
    return -SISDRLoss(scaling=scaling, zero_mean=zero_mean)(x, y).item()


@pytest.mark.parametrize("noise", [0.003, 0.03, 0.3])
def test_snr_and_si_sdr_are_those_of_dac(speechlike, random, noise):
    decoded = (0.7 * speechlike + noise * random.standard_normal(9_000) + 0.01).astype(np.float32)
    assert snr_db(speechlike, decoded) == pytest.approx(
        of_dac(speechlike, decoded, scaling=False, zero_mean=False), abs=1e-4
    )
    assert si_sdr_db(speechlike, decoded) == pytest.approx(
        of_dac(speechlike, decoded, scaling=True, zero_mean=True), abs=1e-4
    )


@pytest.mark.parametrize(("gain", "noise"), [(0.84, 0.0), (-0.5, 0.02), (1.1, 0.1), (0.0, 0.05)])
def test_snr_si_sdr_amplitude_and_correlation_are_one_fact_for_signals_of_mean_zero(
    speechlike, random, gain, noise
):
    decoded = gain * speechlike + noise * random.standard_normal(9_000)
    reference, decoded = (audio - audio.mean(dtype=float) for audio in (speechlike, decoded))
    rho, ratio = correlation(reference, decoded), amplitude_ratio(reference, decoded)
    assert snr_db(reference, decoded) == pytest.approx(
        -10 * np.log10(1 - 2 * rho * ratio + ratio**2)
    )
    if abs(rho) < 1 - 1e-9:
        assert si_sdr_db(reference, decoded) == pytest.approx(10 * np.log10(rho**2 / (1 - rho**2)))


def test_si_sdr_does_not_care_for_gain_polarity_or_offset_and_snr_does(speechlike, random):
    decoded = speechlike + 0.01 * random.standard_normal(9_000)
    expected = si_sdr_db(speechlike, decoded)
    assert si_sdr_db(speechlike, -3 * decoded + 0.5) == pytest.approx(expected)
    assert snr_db(speechlike, -decoded) < 0 < snr_db(speechlike, decoded)


def test_what_is_exact_and_what_is_nothing_have_the_ends_of_the_scale(speechlike):
    nothing = np.zeros_like(speechlike)
    assert si_sdr_db(speechlike, speechlike) == snr_db(speechlike, speechlike) == LARGEST_DB
    assert si_sdr_db(speechlike, nothing) == -LARGEST_DB
    assert si_sdr_db(speechlike, nothing + np.float32(0.1)) == -LARGEST_DB
    assert snr_db(speechlike, nothing) == pytest.approx(0.0, abs=1e-9)
    assert amplitude_ratio(speechlike, nothing) == correlation(speechlike, nothing) == 0.0


def test_a_reference_of_zeros_has_no_figure(speechlike):
    nothing = np.zeros_like(speechlike)
    for figure in (snr_db, si_sdr_db, amplitude_ratio, correlation):
        assert np.isnan(figure(nothing, speechlike))
    assert lag_samples(nothing, speechlike, 64) == 0


def test_sums_are_taken_in_float64():
    reference = np.full(100_000, 0.1, np.float32)
    reference[::2] = -0.1
    decoded = reference + np.float32(1e-4)
    assert snr_db(reference, decoded) == pytest.approx(60.0, abs=0.01)
    assert amplitude_ratio(reference, decoded) == pytest.approx(np.sqrt(1 + 1e-6), rel=1e-7)


@pytest.mark.parametrize("lag", [0, 1, 8, 511, 512, -1, -300])
@pytest.mark.parametrize("gain", [0.6, -0.6])
def test_lag_is_how_much_later_a_decoding_comes_whatever_its_polarity(
    speechlike, random, lag, gain
):
    late = np.zeros_like(speechlike)
    if lag >= 0:
        late[lag:] = speechlike[: 9_000 - lag]
    else:
        late[:lag] = speechlike[-lag:]
    decoded = gain * late + 0.01 * random.standard_normal(9_000)
    assert lag_samples(speechlike, decoded, 512) == lag


def test_what_resembles_the_reference_nowhere_has_no_lag(speechlike, random):
    assert lag_samples(speechlike, random.standard_normal(9_000), 512) == 0
    assert lag_samples(speechlike, np.zeros(9_000), 512) == 0


def test_lag_of_a_tone_is_the_one_nearest_to_0_and_a_lag_may_be_as_long_as_the_clip():
    tone = np.sin(2 * np.pi * np.arange(800) / 16)
    assert lag_samples(tone, tone, 512) == 0
    click = np.zeros(800)
    click[0] = 1.0
    assert lag_samples(click, click[::-1], 10_000) == 799
    assert lag_samples(click[::-1], click, 10_000) == -799


def test_silence_is_below_minus_60_dbfs():
    tone = np.sqrt(2) * np.sin(2 * np.pi * np.arange(16_000) / 16)
    assert is_silent(0.99e-3 * tone)
    assert not is_silent(1.01e-3 * tone)
    assert is_silent(np.zeros(0))
    assert isinstance(is_silent(tone), bool)


@pytest.mark.parametrize("figure", [snr_db, si_sdr_db, amplitude_ratio, correlation])
def test_clips_that_differ_in_length_are_refused(figure, speechlike):
    with pytest.raises(AssertionError, match="against"):
        figure(speechlike, speechlike[:-8])
    with pytest.raises(AssertionError, match="finite"):
        figure(speechlike, speechlike * np.float32("nan"))
