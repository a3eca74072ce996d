"""Files whose header names another sample rate than they were recorded at."""

import numpy as np
import pytest

from engine.training.checks.recorded_rates import recorded_rates_check
from tests.training.checks.voiced import RATE_HZ, recordings, spoken


def checked(ratio, share=0.4, number=40, misnamed=True):
    """Some files are at `ratio` times the rate of the others; by their headers alone, or truly."""
    random, clips, rates = np.random.default_rng(2), [], []
    for place in range(number):
        is_other = place < share * number
        played = ratio if is_other and misnamed else 1.0
        clip = spoken(place % 7, random, rate_hz=round(RATE_HZ / played))
        clips.append(clip)
        rates.append(round(RATE_HZ * ratio) if is_other else RATE_HZ)
    return recorded_rates_check(recordings(clips, rates=rates))


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (
            1.5,
            "files at 24,000 Hz (16 of 40) sound like those at 16,000 Hz played 1.5 times too fast",
        ),
        (
            0.5,
            "files at 8,000 Hz (16 of 40) sound like those at 16,000 Hz played 2 times too slowly",
        ),
        (22_050 / 16_000, "played 1.38 times too fast"),
    ],
)
def test_files_that_are_played_at_a_wrong_rate_are_a_warning(ratio, said):
    check = checked(ratio)
    assert (check.ok, check.action) == (False, "warn")
    assert check.detail.startswith(said) or said in check.detail
    assert check.detail.endswith("Write the rate that they were recorded at into the files")


@pytest.mark.parametrize("ratio", [1.5, 2.0, 0.5])
def test_files_that_were_recorded_at_another_rate_pass(ratio):
    check = checked(ratio, misnamed=False)
    assert check.ok
    assert check.detail.endswith("have spectra of one speed")


def test_a_few_files_show_nothing_and_one_rate_is_not_checked():
    assert checked(1.5, share=0.1).detail == "not checked: too few files"
    assert checked(1.0) is None


def test_rates_that_are_too_near_to_be_distinguished_pass():
    assert checked(48_000 / 44_100).ok
