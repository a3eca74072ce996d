import pytest

from engine.corpus.decode import UnusableError
from engine.corpus.limits import SILENT_DBFS, Limits, check_level

LIMITS = Limits(min_seconds=0.1, max_seconds=2.0, min_sample_rate_hz=8_000)


def reason(check, *values):
    with pytest.raises(UnusableError) as caught:
        check(*values)
    return caught.value.reason


def test_the_limits_themselves_are_allowed():
    LIMITS.check_rate(8_000)
    LIMITS.check_length(1_600, 16_000)
    LIMITS.check_not_too_long(2.0)
    check_level(SILENT_DBFS)


def test_beyond_them_the_reason_says_which():
    assert reason(LIMITS.check_rate, 7_999) == "sample rate too low"
    assert reason(LIMITS.check_length, 1_599, 16_000) == "too short"
    assert reason(LIMITS.check_length, 0, 16_000) == "empty"
    assert reason(LIMITS.check_not_too_long, 2.001) == "too long"
    assert reason(check_level, SILENT_DBFS - 0.1) == "silent"
    assert reason(check_level, float("-inf")) == "silent"


def test_a_clip_without_samples_is_empty_even_where_nothing_is_too_short():
    anything = Limits(min_seconds=0.0, max_seconds=None, min_sample_rate_hz=1)
    assert reason(anything.check_length, 0, 16_000) == "empty"
    anything.check_not_too_long(1e9)
