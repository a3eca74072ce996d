import numpy as np
import pytest

from engine.metrics.cepstral_distortion import (
    NUM_COEFFICIENTS,
    distortions,
    mcd_db,
    mean_aligned_cost,
    mel_cepstra,
)

RATE = 16_000


@pytest.fixture
def speechlike():
    random = np.random.default_rng(0)
    noise = np.convolve(random.standard_normal(RATE), np.hanning(6), "same")
    return (0.1 * noise * np.sin(np.arange(RATE) / 2_000.0) ** 2).astype(np.float32)


def test_the_distance_of_two_frames_is_that_of_their_log_spectra_in_db():
    # Two log spectra that differ by 6 dB times the cosine of one coefficient: their root mean
    # square difference is 6 / sqrt(2) dB.
    ours, theirs = np.zeros((1, NUM_COEFFICIENTS)), np.zeros((1, NUM_COEFFICIENTS))
    theirs[0, 3] = 6.0 * np.log(10.0) / 20.0
    assert distortions(ours, theirs)[0, 0] == pytest.approx(6.0 / np.sqrt(2.0))


def test_cepstra_are_the_cosine_series_of_the_log_spectrum(speechlike):
    plain = mel_cepstra(speechlike, RATE)
    assert plain.shape == (101, NUM_COEFFICIENTS)
    assert mel_cepstra(3.0 * speechlike, RATE) == pytest.approx(plain, abs=1e-4)  # no level


def test_a_recording_is_its_own_and_at_any_level(speechlike):
    assert mcd_db(speechlike, speechlike, RATE) == pytest.approx(0.0, abs=1e-5)
    assert mcd_db(speechlike, 0.5 * speechlike, RATE) == pytest.approx(0.0, abs=1e-2)


def test_a_pause_is_aligned_and_another_sound_is_not(speechlike):
    paused = np.concatenate([speechlike[:8_000], np.zeros(4_000, np.float32), speechlike[8_000:]])
    other = np.random.default_rng(1).standard_normal(RATE).astype(np.float32) * 0.1
    assert mcd_db(speechlike, paused, RATE) < 0.5 * mcd_db(speechlike, other, RATE)


@pytest.mark.parametrize(
    ("costs", "mean"),
    [
        ([[1.0, 9.0], [9.0, 3.0]], 2.0),  # the diagonal: (1 + 3) / 2
        ([[1.0, 1.0, 1.0]], 1.0),
        ([[0.0, 9.0], [2.0, 9.0], [9.0, 1.0]], 1.0),  # down, then both: (0 + 2 + 1) / 3
    ],
)
def test_the_cheapest_path_by_hand(costs, mean):
    assert mean_aligned_cost(np.array(costs)) == pytest.approx(mean)


def test_the_cheapest_path_is_that_of_trying_all(speechlike):
    random = np.random.default_rng(2)
    costs = random.uniform(0, 1, (4, 5))

    def paths(i, j):
        if (i, j) == (3, 4):
            yield [costs[i, j]]
            return
        for k, m in ((i + 1, j), (i, j + 1), (i + 1, j + 1)):
            if k < 4 and m < 5:
                for rest in paths(k, m):
                    yield [costs[i, j], *rest]

    cheapest = min(paths(0, 0), key=sum)
    assert mean_aligned_cost(costs) == pytest.approx(np.mean(cheapest))


def test_silence_and_a_clip_shorter_than_a_window_have_a_figure(speechlike):
    assert np.isfinite(mcd_db(np.zeros(100, np.float32), speechlike, RATE))
