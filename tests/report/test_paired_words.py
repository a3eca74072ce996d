import json

import numpy as np
import pytest
from attrs import evolve

from engine.report.paired_runs import compare_runs
from engine.report.paired_words import conclude
from engine.system_support.finished_run import run_files
from tests.run_folders import make_finished

CLIPS = np.linspace(1.0, 9.0, 60)
NOISE = np.where(np.arange(60) % 2, 0.21, -0.2)


@pytest.fixture
def concluded(tmp_path):
    """What is said of two runs, by the figures of their clips."""

    def concluded(ours, theirs, best="eval/mel_ce", **metrics):
        sides = (("new", ours, {}), ("old", theirs, metrics))
        new, old = (
            run_files(name, make_finished(tmp_path / name, clips, **more))
            for name, clips, more in sides
        )
        return [*conclude(compare_runs(new, old), best)]

    return concluded


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            -0.5,
            "are better than those of old: mel_ce differs by -0.495 (95 % CI -0.548 to -0.442",
        ),
        (
            0.5,
            "are worse than those of old: mel_ce differs by +0.505 (95 % CI +0.452 to +0.558",
        ),
        (
            0.0,
            "are not shown to be better or worse than those of old: mel_ce differs by +0.005",
        ),
    ],
)
def test_the_metric_that_picks_the_best_decides(concluded, change, said):
    sentence, scope = concluded({"mel_ce": CLIPS + change + NOISE}, {"mel_ce": CLIPS})
    assert sentence.startswith(f"The weights of new {said}")
    assert sentence.endswith("60 clips).")
    assert scope.startswith("This holds of these weights, not of these recipes: another seed may")


def test_other_metrics_follow_those_first_that_are_better(concluded):
    ours = {"mel_ce": CLIPS, "text_ce": CLIPS - 1, "stop_ce": CLIPS + 1, "mel_accuracy": CLIPS}
    found = concluded(ours | {"clips": CLIPS + 1}, dict.fromkeys([*ours, "clips"], CLIPS))
    assert found[2] == (
        "Other metrics of new: better by text_ce; worse by stop_ce; undecided by mel_accuracy."
    )


def test_few_clips_are_told_of(concluded):
    said, _ = concluded({"mel_ce": CLIPS[:9] - 1}, {"mel_ce": CLIPS[:9]})
    assert said.endswith("9 clips); fewer than 30 clips show only large differences.")


def test_why_two_runs_are_not_compared_is_said(concluded):
    (said,) = concluded({"mel_ce": CLIPS}, {"mel_ce": CLIPS}, evaluation_set="cd" * 32)
    assert said.startswith("new and old are not compared by mel_ce: they are not of the same eval")
    (said,) = concluded({"mel_ce": CLIPS}, {"mel_ce": CLIPS}, scale={"mel_ce": "ab"})
    assert "they are measured differently (unit " in said
    found = concluded({"mel_ce": CLIPS}, {"mel_ce": CLIPS}, best="eval/loss")
    assert found[0] == "new and old are not compared by loss: neither measures it."


def test_values_of_a_run_are_put_into_a_recipe_before_its_seeds_are_trained(tmp_path):
    runs = []
    for name, change in (("a", 0.0), ("b", 0.5)):
        folder = make_finished(tmp_path / name, {"mel_ce": CLIPS + change + change * NOISE})
        about = {"of": "small", "overrides": [f"training.steps={len(runs) + 8}"]}
        (folder / "run.json").write_text(json.dumps(about))
        run = run_files(name, folder)
        runs.append(evolve(run, recipe=evolve(run.recipe, name=name)))
    said = " ".join(conclude(compare_runs(runs[1], runs[0]), "eval/mel_ce"))
    first = "cantus new a_recipe --from small -S training.steps=8, then cantus seeds a_recipe"
    second = "cantus new b_recipe --from small -S training.steps=9, then cantus seeds b_recipe"
    assert f"To compare the recipes: {first}; {second}." in said
