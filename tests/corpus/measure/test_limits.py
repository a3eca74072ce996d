import numpy as np
import pytest

from engine.corpus.audio.unusable import UnusableError
from engine.corpus.measure.level import Level
from engine.corpus.measure.limits import Limits
from engine.recipe.params import CorpusSource

LIMITS = Limits(min_seconds=0.1, max_seconds=2.0, min_sample_rate_hz=8_000, at_most_clipped=0.1)


def reason(check, *values):
    with pytest.raises(UnusableError) as caught:
        check(*values)
    return caught.value.reason


def level(*samples):
    measured = Level(16_000)
    measured.add(np.array(samples, np.float32))
    return measured


def test_the_limits_themselves_are_allowed():
    LIMITS.check_rate(8_000)
    LIMITS.check_length(1_600, 16_000)
    LIMITS.check_length(32_000, 16_000)
    LIMITS.check_level(level(0.001))
    LIMITS.check_level(level(1.0, *[0.5] * 9))
    assert not LIMITS.is_too_long(2.0)


def test_beyond_them_the_reason_says_which():
    assert reason(LIMITS.check_rate, 7_999) == "sample rate too low"
    assert reason(LIMITS.check_length, 1_599, 16_000) == "too short"
    assert reason(LIMITS.check_length, 32_001, 16_000) == "too long"
    assert reason(LIMITS.check_length, 0, 16_000) == "empty"
    assert reason(LIMITS.check_level, level(0.00099)) == "silent"
    assert reason(LIMITS.check_level, level(0.0)) == "silent"
    assert reason(LIMITS.check_level, level(1.0, *[0.5] * 8)) == "clipped"
    assert LIMITS.is_too_long(2.001)


def test_a_clip_without_samples_is_empty_even_where_nothing_is_too_short():
    anything = Limits(min_seconds=0.0, max_seconds=None, min_sample_rate_hz=1)
    assert reason(anything.check_length, 0, 16_000) == "empty"
    assert not anything.is_too_long(1e9)


def test_they_come_from_params_toml():
    source = CorpusSource(
        source="data/a", sample_rates_hz=(16_000,), max_seconds=9.0, alphabet="ab"
    )
    limits = Limits.of(source)
    assert (limits.min_seconds, limits.max_seconds, limits.alphabet) == (0.1, 9.0, "ab")
