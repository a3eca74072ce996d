import re

import numpy as np
import pytest
from attrs import evolve

from engine.recipe.judgement import Verdict
from engine.recipe.training import Start
from engine.report.verdict import reach_verdict
from engine.runs.comparison import compare_result
from engine.tracking.events import Event
from engine.training.model_selection import Score
from engine.training.record import Record
from tests.training.toy import toy_recipe

NUM_CLIPS = 40
NOISE = np.random.default_rng(0).normal(0.0, 0.01, NUM_CLIPS)


def score(step, mean):
    values = np.full(NUM_CLIPS, mean) + (NOISE if step else 0.0)
    return Score(step, float(values.mean()), {"error": values})


@pytest.fixture
def record():
    """A phase of 1.0 before, 0.9 after, beside what learns nothing and has 0.5, 0.9 and 2.0."""
    recipe = toy_recipe(start=Start(from_="before"))
    record = Record.of(recipe, 3)
    record.entry_name, record.entry, record.best = "parent", score(0, 1.0), score(5, 0.9)
    found = {"low": 0.5, "alike": 0.9, "high": 2.0}
    record.baselines = {f"{name}/error": np.full(NUM_CLIPS, v) for name, v in found.items()}
    figures = {f"baseline/{name}/error": value for name, value in found.items()}
    figures |= {"baseline/other/loss": 1.0, "baseline/none/error": None, "eval/error": 0.9}
    return recipe, record, figures


def evaluations(number):
    return [Event("eval", step, metrics={"eval/error": 1.0}) for step in range(number)]


def test_parent_and_baselines_are_compared_clip_by_clip(record):
    found = compare_result(*record, evaluations(3))
    assert found.compared.outcomes == {
        "before": "better",
        "low": "worse",
        "alike": "undecided",
        "high": "better",
    }
    assert found.compared.parent == "before"
    parent, low, alike = re.findall("eval/error against .*?[a-z][.]", found.said())
    assert parent.startswith("eval/error against before: -0.1006 (95 % CI")
    assert parent.endswith("over 3 comparisons, 40 clips): better.")
    assert low.startswith("eval/error against low: +0.3")
    assert "indistinguishable from noise" in alike


def test_a_parent_that_nothing_beat_is_not_beaten(record):
    recipe, kept, figures = record
    kept.best = kept.entry
    found = compare_result(recipe, kept, figures, [])
    assert found.compared.outcomes["before"] == "undecided"
    assert "the weights of before itself are kept" in found.said()


def test_where_values_alone_pick_the_best_the_comparison_is_that_of_the_clips(record):
    recipe, _, figures = record
    recipe = evolve(recipe, training=evolve(recipe.training, best_by="value"))
    by_value = Record.of(recipe, 1)
    by_value.entry_name, by_value.entry = "parent", score(0, 0.9)
    by_value.best = Score(5, 0.8999, score(5, 0.9).per_clip)
    found = compare_result(recipe, by_value, figures, [])
    assert found.compared.outcomes["before"] == "undecided"


def test_figures_without_clips_are_compared_by_their_values_and_that_is_said(record):
    recipe, kept, figures = record
    kept.baselines = {}
    found = compare_result(recipe, kept, figures, [])
    assert found.compared.outcomes["low"] == "worse"
    why = "the metric has no figure of each clip"
    assert f"low has 0.5: worse by its value alone ({why})." in found.said()


def test_the_best_of_many_evaluations_is_better_only_where_chance_does_not_make_it_so(record):
    """2.2 standard errors: enough for one evaluation, too little for the best of forty."""
    recipe, kept, figures = record
    error = NOISE.std(ddof=1) / np.sqrt(NUM_CLIPS)
    values = 1.0 + NOISE - NOISE.mean() - 2.2 * error
    kept.best = Score(5, float(values.mean()), {"error": values})
    kept.selection = evolve(kept.selection, comparisons=1)
    once = compare_result(recipe, kept, figures, evaluations(1))
    assert once.compared.outcomes["before"] == "better"
    kept.selection = evolve(kept.selection, comparisons=40)
    often = compare_result(recipe, kept, figures, evaluations(40))
    assert often.compared.outcomes["before"] == "undecided"
    assert "over 40 comparisons, 40 clips): indistinguishable from noise" in often.said()


def test_other_metrics_are_compared_with_the_parent_by_their_own_better_value(record, monkeypatch):
    recipe, kept, figures = record
    worse = {"error": kept.best.per_clip["error"], "fidelity": np.full(NUM_CLIPS, 0.5) + NOISE}
    kept.best = Score(5, 0.9, worse)
    kept.entry = Score(0, 1.0, kept.entry.per_clip | {"fidelity": np.full(NUM_CLIPS, 0.9)})
    monkeypatch.setattr(type(recipe), "directions", {"eval/fidelity": "highest"})
    found = compare_result(recipe, kept, figures, evaluations(1))
    assert found.compared.others == {"eval/fidelity": "worse"}
    assert "eval/fidelity: -0.40" in found.said()


def test_what_a_model_of_the_recipe_cannot_reach_is_no_rival(record, monkeypatch):
    recipe, kept, figures = record
    monkeypatch.setattr(type(recipe), "ceilings", ("low",))
    assert "low" not in compare_result(recipe, kept, figures, []).compared.outcomes


def test_a_baseline_that_is_better_by_the_metric_of_the_table_is_named(record, monkeypatch):
    recipe, kept, figures = record
    monkeypatch.setattr(type(recipe), "directions", {"eval/snr": "highest"})
    verdict = Verdict(metric="eval/snr", cuts=(3.0,), say=("noisy", "clean"))
    figures = figures | {"eval/snr": 5.0, "baseline/high/snr": 21.0}
    found = compare_result(evolve(recipe, verdict=verdict), kept, figures, [])
    assert found.compared.by_value == {"high": "worse"}
    assert "eval/snr is 5, high has 21: worse by its value alone (" in found.said()
    compared = evolve(found.compared, outcomes={"before": "better", "high": "better"})
    reached = reach_verdict(verdict, "eval/snr", 5.0, compared)
    assert reached.say.endswith("; by eval/snr it is worse than high")
    assert (reached.keep, reached.level) == ("toy", None)
