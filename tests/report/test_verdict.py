import math
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.recipe import load_recipe
from engine.recipe.judgement import Verdict
from engine.report.ending import tell_verdict
from engine.report.verdict import Compared, reach_verdict
from engine.system_support.discovery import recipe_classes

RECIPES = sorted((Path(__file__).parents[2] / "recipes").glob("**/*.toml"))
OUTCOMES = ("better", "worse", "undecided")
METRIC = "eval/m"


def table(keep, cuts=(0.95, 1.0)):
    say = tuple(f"row {number}" for number in range(len(cuts) + 1))
    return Verdict(metric=METRIC, cuts=cuts, keep=keep, say=say)


LEVELS = table(None)


def reach(table, value, compared=None):
    return reach_verdict(table, METRIC, value, compared or Compared("ours"))


@pytest.mark.parametrize(
    ("value", "say"),
    [
        (0.5, "row 0"),
        (0.95, "row 0"),
        (math.nextafter(0.95, 1), "row 1"),
        (1.0, "row 1"),
        (1.01, "row 2"),
    ],
)
def test_a_value_equal_to_a_cut_belongs_to_the_row_before_it(value, say):
    reached = reach(LEVELS, value)
    assert (reached.say, reached.keep, reached.value) == (say, "ours", value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_falls_into_exactly_one_row(value):
    lows, highs = (-math.inf, *LEVELS.cuts), (*LEVELS.cuts, math.inf)
    rows = [
        say for say, low, high in zip(LEVELS.say, lows, highs, strict=True) if low < value <= high
    ]
    assert rows == [reach(LEVELS, value).say]


@pytest.mark.parametrize("value", [None, math.nan, math.inf])
def test_what_is_no_number_keeps_nothing(value):
    reached = reach(LEVELS, value)
    assert (reached.value, reached.keep) == (None, "nothing")
    assert reached.say == "no verdict: the metric is no number"


def test_without_table_and_comparison_there_is_no_verdict():
    assert reach(None, 1.0) is None


def agrees(reached, outcomes, own):
    """Whether headline, comparison and advice of a verdict say the same."""
    outcome = outcomes[reached.against]
    words = {"better": "better than ", "worse": "worse than "}.get(
        outcome, "not shown to be better"
    )
    kept_fits = {"better": reached.keep == own, "worse": reached.keep != own}
    return (
        reached.say.startswith(words)
        and reached.say.endswith(reached.against)
        and kept_fits.get(outcome, True)
        and (reached.level is None or reached.proposed is None)
    )


@pytest.mark.parametrize(("outcome", "value"), product(OUTCOMES, (0.5, 0.97, 2.0)))
@pytest.mark.parametrize("keep", [None, *product(("ours", "self", "before"), repeat=3)])
def test_of_a_phase_the_comparison_with_its_parent_decides_whatever_the_cuts_say(
    keep, outcome, value
):
    outcomes = {"before": outcome}
    reached = reach(table(keep), value, Compared("ours", outcomes, parent="before"))
    assert reached.keep == ("ours" if outcome == "better" else "before")
    assert agrees(reached, outcomes, "ours")
    row = 0 if value < 0.95 else 1 if value < 1.0 else 2
    proposed = {None: "ours", "self": "ours"}.get(keep and keep[row], keep and keep[row])
    assert (reached.level == f"row {row}") == (proposed == reached.keep)


@pytest.mark.parametrize(("outcome", "value"), product(OUTCOMES, (0.5, 0.97, 2.0)))
def test_a_baseline_is_kept_where_it_is_better_or_as_good_and_the_row_says_so(outcome, value):
    outcomes = {"grid": outcome}
    reached = reach(table(("self", "self", "grid")), value, Compared("ours", outcomes))
    as_good = outcome == "undecided" and value > 1
    assert reached.keep == ("grid" if outcome == "worse" or as_good else "ours")
    assert agrees(reached, outcomes, "ours")


@pytest.mark.parametrize(("phase", "grid"), product(OUTCOMES, OUTCOMES))
def test_a_parent_and_a_baseline_do_not_contradict_each_other(phase, grid):
    outcomes = {"before": phase, "grid": grid}
    compared = Compared("ours", outcomes, parent="before")
    for value in (0.5, 0.97, 2.0):
        reached = reach(table(("self", "before", "grid")), value, compared)
        assert agrees(reached, outcomes, "ours")
        if reached.keep == "ours":
            assert phase == "better"
            assert grid != "worse"


def test_a_recipe_that_was_not_compared_is_not_advised():
    reached = reach(table(("other",) * 3), 0.5)
    assert (reached.keep, reached.proposed) == ("ours", "other")
    assert reached.say == "not compared with other"
    said = tell_verdict({"verdict": reached.facts()})
    assert "`cantus diff ours other` compares them" in said


def test_the_words_of_a_row_that_keeps_another_are_left_out_and_that_is_said():
    compared = Compared("ours", {"before": "better"}, parent="before")
    reached = reach(table(("before",) * 3), 0.5, compared)
    said = tell_verdict({"verdict": reached.facts(), "gain": "m against before: -1: better."})
    assert said == (
        "m against before: -1: better. Verdict: better than before; keep ours. By the recipe's "
        "table eval/m of 0.5 would keep before; the comparison comes first."
    )


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_row_of_a_recipe_here_compares_in_its_own_words(path):
    verdict = load_recipe(path, classes=recipe_classes()).verdict
    said = " ".join(verdict.say if verdict else ())
    for word in ("better", "worse", "beats", "improve", "gain", "phase"):
        assert word not in said
