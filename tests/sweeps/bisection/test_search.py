"""What a search finds among planted causes; sizes are in spreads over seeds."""

import math

import pytest

from engine.sweeps.bisection.search import least_seeds
from tests.sweeps.bisection.planted import Planted, accused, searched

LINES = [f"line{number}" for number in range(8)]


def test_one_guilty_line_is_accused_with_fewer_runs_than_one_line_at_a_time():
    search = searched(Planted({"line5": 5.0}), LINES)
    assert accused(search) == {"line5"}
    assert len(search.trials.done) < 6 * (len(LINES) + 1)
    assert search.rest is not None
    assert not search.rest.is_worse


def test_two_guilty_lines_are_both_accused():
    search = searched(Planted({"line1": 6.0, "line6": 6.0}), LINES)
    assert accused(search) == {"line1", "line6"}
    assert not any(found.only_together for found in search.found)


def test_lines_that_are_worse_only_together_are_found_as_such():
    search = searched(Planted({}, {("line1", "line6"): 6.0}), LINES)
    (found,) = search.found
    assert set(found.lines) == {"line1", "line6"}
    assert found.only_together
    assert [one.is_worse for one in found.alone] == [False, False]


def test_higher_values_may_be_better():
    assert accused(searched(Planted({"line2": -6.0}), LINES, lowest=False)) == {"line2"}


def test_nothing_is_searched_for_where_the_bad_is_not_worse():
    search = searched(Planted({}), LINES)
    assert not search.gate.is_worse
    assert search.found == []
    assert len(search.trials.done) <= 12


def test_lines_that_are_valid_only_together_are_unresolved_and_found_as_a_set():
    search = searched(Planted({"line3": 6.0}, invalid=["line3", "line4"]), LINES)
    assert set(search.found[0].lines) == {"line3", "line4"}
    assert any(trial.outcome == "unresolved" for trial in search.trials.tried)
    assert all("one without the other" in one.why_none for one in search.found[0].accusations)
    assert accused(search) == set()


def test_a_line_whose_runs_are_stopped_is_accused():
    search = searched(Planted({}, stopped=["line7"]), LINES)
    assert accused(search) == {"line7"}
    assert "6 of 6 runs were stopped" in search.found[0].together.said


def test_lines_that_preflight_refuses_are_found_without_a_run():
    search = searched(Planted({"line2": 5.0}, refused=["line7", "line3"]), LINES)
    assert search.by_preflight
    assert accused(search) == {"line7", "line3"}
    assert search.trials.done == {}
    assert "preflight stops 2 of 2 runs (seeds 1 and 7)" in search.found[0].together.said
    assert not search.rest.is_worse


def test_one_stopped_run_of_each_seed_shows_nothing_with_too_few_seeds():
    least = least_seeds()
    assert least == 4
    for num_seeds in (least - 1, least):
        search = searched(Planted({}, stopped=["line7"]), LINES, num_seeds=num_seeds)
        assert search.gate.is_worse == (num_seeds == least)
        assert (accused(search) == {"line7"}) == (num_seeds == least)


def test_the_budget_ends_a_search_and_what_is_suspected_is_kept():
    search = searched(Planted({"line5": 5.0}), LINES, most_runs=10)
    assert search.is_spent
    assert len(search.trials.done) == 10
    assert "line5" in search.suspected
    assert accused(search) == set()


def test_the_trials_of_a_search_are_recorded_with_their_harm():
    search = searched(Planted({"line5": 5.0}), LINES)
    worse = [trial for trial in search.trials.tried if trial.outcome == "worse"]
    assert all("line5" in trial.lines for trial in worse)
    assert all(math.isfinite(trial.harm) for trial in search.trials.tried)


@pytest.mark.parametrize("seed", range(12))
def test_no_line_is_accused_that_does_nothing(seed):
    assert accused(searched(Planted({"line5": 2.0}, seed=seed), LINES)) <= {"line5"}
