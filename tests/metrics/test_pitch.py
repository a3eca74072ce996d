import numpy as np
import pytest

from engine.metrics.pitch import f0_error_cents, median_f0, voicing_error

ASKED = np.array([0.0, 100.0, 100.0, 200.0, 0.0], np.float32)


def test_frames_voiced_in_both_count_alone_and_the_median_is_over_them():
    made = np.array([300.0, 200.0, 100.0, 0.0, 0.0], np.float32)
    assert f0_error_cents(ASKED, made) == pytest.approx((1200 + 0) / 2)


def test_a_semitone_up_or_down_is_100_cents():
    for semitones in (1, -1):
        made = (ASKED * 2 ** (semitones / 12)).astype(np.float32)
        assert f0_error_cents(ASKED, made) == pytest.approx(100, abs=1e-3)


def test_without_a_frame_that_is_voiced_in_both_there_is_no_figure():
    assert np.isnan(f0_error_cents(ASKED, np.zeros_like(ASKED)))
    assert np.isnan(median_f0(np.zeros(3)))


def test_voicing_error_counts_frames_voiced_in_one_alone():
    assert voicing_error(ASKED, np.array([50.0, 0.0, 100.0, 200.0, 0.0])) == pytest.approx(2 / 5)
    assert voicing_error(ASKED, 3 * ASKED) == 0.0


def test_median_f0_is_over_voiced_frames():
    assert median_f0(ASKED) == pytest.approx(100.0)


def test_pitches_of_two_lengths_are_a_fault_of_the_caller():
    with pytest.raises(AssertionError):
        f0_error_cents(ASKED, ASKED[:-1])
