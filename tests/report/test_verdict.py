import math
import re
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.recipe import RecipeError, load_recipe
from engine.recipe.judgement import Verdict
from engine.report.ending import verdict_in_words
from engine.report.history import History
from engine.report.verdict import Compared, reach_verdict
from engine.system_support.discovery import recipe_classes
from engine.tracking.events import Event

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
    assert reached.say == "no verdict: the metric is not finite"


def test_without_table_and_comparison_there_is_no_verdict():
    assert reach(None, 1.0) is None


NAMES = ("before", "grid", "count")


def outcomes_of(names):
    """Every way in which a result comes out against these, and without some of them."""
    for found in product((None, *OUTCOMES), repeat=len(names)):
        yield {name: outcome for name, outcome in zip(names, found, strict=True) if outcome}


def claimed(say):
    """What a headline says of each that it names."""
    words = {
        "not shown to be better than": "undecided",
        "worse than": "worse",
        "better than": "better",
    }
    found = {}
    for part in re.split(r",? (?:but|and|though) (?=better|worse|not)", say):
        outcome = next(meant for said, meant in words.items() if part.startswith(said))
        found |= {name: outcome for name in NAMES if name in part}
    return found


@pytest.mark.parametrize("keep", [None, ("self", "self", "grid"), ("before", "grid", "self")])
def test_headline_advice_and_level_never_contradict_what_was_compared(keep):
    cases = product(outcomes_of(NAMES), (None, "before"), (0.5, 0.97, 2.0), (None, *OUTCOMES))
    num_cases = 0
    for outcomes, parent, value, other in cases:
        if not outcomes or (parent and parent not in outcomes):
            continue
        num_cases += 1
        others = {METRIC: other} if parent and other else {}
        compared = Compared("ours", outcomes, parent, "eval/best", others)
        reached = reach(table(keep), value, compared)
        floors = {name: one for name, one in outcomes.items() if name != parent}
        said = claimed(re.sub(r" by eval/best, but (better|worse) by eval/m", "", reached.say))
        for name, outcome in said.items():
            assert outcomes[name] == outcome
        assert parent is None or parent in said
        for name, outcome in floors.items():
            assert outcome == "better" or name in said
        beats_all = {*floors.values()} == {"better"}
        assert ("better than all baselines" in reached.say) == beats_all or parent == "before"
        if reached.keep == "ours":
            assert outcomes.get(parent, "better") == "better"
            assert others.get(METRIC) != "worse"
            assert parent or "worse" not in floors.values()
            assert not any(floors.get(name) == "worse" for name in keep or ())
        elif reached.keep in outcomes:
            assert outcomes[reached.keep] != "better" or others.get(METRIC) == "worse"
        else:
            assert reached.keep == "nothing"
        if reached.level is not None:
            row = 0 if value < 0.95 else 1 if value < 1.0 else 2
            assert reached.level == f"row {row}"
            assert reached.proposed is None
            assert reached.keep != "ours" or {*outcomes.values()} == {"better"}
        assert set(reached.worse_than) == {n for n, one in floors.items() if one == "worse"}
    assert num_cases > 300


def test_a_result_worse_than_what_learns_nothing_is_not_kept_though_no_table_names_that():
    reached = reach(None, 2.4, Compared("ours", {"count": "worse", "uniform": "better"}))
    assert (reached.keep, reached.say) == ("nothing", "worse than count, which is not trained")


def test_a_phase_better_than_its_parent_and_worse_than_what_learns_nothing_says_both():
    compared = Compared("ours", {"before": "better", "count": "worse"}, "before")
    reached = reach(LEVELS, 0.5, compared)
    assert reached.keep == "ours"
    assert reached.say == "better than before, but worse than count, which is not trained"
    assert reached.level is None


def test_metrics_that_disagree_with_the_one_that_decides_are_named():
    others = {"eval/text_ce": "worse", "eval/stop_ce": "better"}
    compared = Compared("ours", {"before": "better"}, "before", "eval/mel_ce", others)
    reached = reach(None, 0.5, compared)
    assert reached.say == "better than before by eval/mel_ce, but worse by eval/text_ce"
    assert reached.keep == "ours"


def test_a_phase_that_is_worse_by_the_metric_of_the_verdict_itself_is_not_kept():
    compared = Compared("ours", {"before": "better"}, "before", "eval/loss", {METRIC: "worse"})
    assert reach(LEVELS, 0.5, compared).keep == "before"


def test_a_level_says_between_which_cuts_the_value_lies():
    compared = Compared("ours", {"grid": "better"})
    history = finished(reach(LEVELS, 0.97, compared))
    assert verdict_in_words(history) == (
        "Verdict on these weights: better than all baselines; keep ours. By the recipe's table "
        "eval/m of 0.97 (above 0.95 and at most 1) is: row 1."
    )


def finished(reached, **facts):
    return History((Event("finish", 10, facts={"verdict": reached.facts()} | facts),))


def test_a_recipe_that_was_not_compared_is_not_advised():
    reached = reach(table(("other",) * 3), 0.5)
    assert (reached.keep, reached.proposed) == ("ours", "other")
    assert reached.say == "not compared with other"
    said = verdict_in_words(finished(reached))
    assert "`cantus diff ours other` compares them" in said


def test_the_words_of_a_row_that_keeps_another_are_left_out_and_that_is_said():
    compared = Compared("ours", {"before": "better"}, parent="before")
    reached = reach(table(("before",) * 3), 0.5, compared)
    said = verdict_in_words(finished(reached, gain="m against before: -1: better."))
    assert said == (
        "m against before: -1: better. Verdict on these weights: better than before; keep ours. By "
        "the recipe's table eval/m of 0.5 (at most 0.95) would keep before; the comparison comes "
        "first."
    )


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_row_of_a_recipe_here_types_a_figure_or_names_what_the_run_compares_with(path):
    verdict = load_recipe(path, classes=recipe_classes()).verdict
    for said in verdict.say if verdict else ():
        said = re.sub(r"docs/[\w.#-]+|eval/\w+", "", said)
        assert not re.search(r"\d|phase|grid|parent|than|learns nothing", said), said


@pytest.mark.parametrize("word", ["Better", "improvement", "gained"])
def test_a_row_that_compares_is_refused_when_the_recipe_is_read(word):
    override = f"verdict.say=['a', 'b', 'c', '{word} by far']"
    path = next(path for path in RECIPES if path.stem == "codec_dac_paper")
    with pytest.raises(RecipeError, match=rf"'{word}' compares.*clip by clip"):
        load_recipe(path, classes=recipe_classes(), overrides=[override])
