import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.recipe.judgement import Verdict
from engine.report.verdict import reach_verdict

VERDICT = Verdict(
    metric="eval/rmse_ratio_to_uniform_grid",
    cuts=(0.95, 1.0),
    keep=("ours", "ours", "grid"),
    say=("better", "as good", "worse"),
)


@pytest.mark.parametrize(
    ("value", "say", "keep"),
    [
        (0.5, "better", "ours"),
        (0.95, "better", "ours"),
        (math.nextafter(0.95, 1), "as good", "ours"),
        (1.0, "as good", "ours"),
        (1.01, "worse", "grid"),
    ],
)
def test_a_value_equal_to_a_cut_belongs_to_the_row_before_it(value, say, keep):
    reached = reach_verdict(VERDICT, value)
    assert (reached.say, reached.keep, reached.value) == (say, keep, value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_falls_into_exactly_one_row(value):
    lows, highs = (-math.inf, *VERDICT.cuts), (*VERDICT.cuts, math.inf)
    rows = [
        say for say, low, high in zip(VERDICT.say, lows, highs, strict=True) if low < value <= high
    ]
    assert rows == [reach_verdict(VERDICT, value).say]


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_what_is_no_number_keeps_nothing(value):
    assert reach_verdict(VERDICT, value).facts() == {
        "metric": "eval/rmse_ratio_to_uniform_grid",
        "value": None,
        "keep": "nothing",
        "say": "no verdict: the metric is no number",
    }
