from collections.abc import Mapping
from typing import ClassVar

import pytest
from attrs import frozen

from engine.recipe.fields import setting
from engine.recipe.metric_names import known_metrics
from engine.recipe.schema import Recipe
from engine.recipe.structure import structure


@frozen(kw_only=True)
class Losses:
    mel: float = setting("mel distance", default=45.0)
    feature_matching: float = setting("feature matching", default=2.0)


@frozen(kw_only=True)
class TwoTurns(Recipe):
    turns: ClassVar[tuple[str, ...]] = ("discriminator", "generator")
    metrics: ClassVar[Mapping[str, str]] = {
        "eval/mel": "mel distance",
        "eval/quantizers_<n>/mel": "the same with n quantizers",
    }
    losses: Losses = setting("weights")


ADAM = {"kind": "adam", "learning_rate": 1e-4}
BOTH = {"discriminator": ADAM, "generator": ADAM}


def faults(optimizer, best="eval/mel", schedule=None, **more) -> dict[str, str]:
    values = {
        "schema": 2,
        "name": "a",
        "system": "two",
        "summary": "s",
        "dataset": {},
        "model": {},
        "losses": {},
        "optimizer": optimizer,
        "schedule": schedule or {},
        "training": {"steps": 1, "batch_size": 1, "best": best},
    } | more
    _, found = structure(values, TwoTurns, TwoTurns)
    return {".".join(map(str, path)): what for path, what in found}


def test_the_loops_own_metrics_are_known_for_every_turn_and_loss():
    assert known_metrics(TwoTurns) == (
        "eval/mel",
        "eval/quantizers_<n>/mel",
        "train/loss",
        "train/discriminator/loss",
        "train/generator/loss",
        "train/learning_rate/discriminator",
        "train/gradient_norm/discriminator",
        "train/learning_rate/generator",
        "train/gradient_norm/generator",
        "train/discriminator/mel",
        "train/discriminator/feature_matching",
        "train/generator/mel",
        "train/generator/feature_matching",
    )


@pytest.mark.parametrize(
    "metric", ["untrained/mel", "baseline/uniform_grid/mel", "parent/mel", "train/generator/mel"]
)
def test_a_guard_may_watch_every_metric_and_its_mirrors(metric):
    assert not faults(BOTH, guard={metric: {"below": 1.0}})


@pytest.mark.parametrize("metric", ["eval/quantizers_12/mel", "parent/quantizers_1/mel"])
def test_a_numbered_metric_is_known_under_every_number(metric):
    assert not faults(BOTH, guard={metric: {"below": 1.0}})
    for other in ("_0/", "_01/", "_x/", "/"):
        wrong = metric.replace("_12/", other).replace("_1/", other)
        found = faults(BOTH, guard={wrong: {"below": 1.0}})
        assert found[f"guard.{wrong}"].startswith(f"no such metric: '{wrong}'")


@pytest.mark.parametrize("metric", ["baseline/mel", "untrained/x", "baseline/grid/x", "eval/x"])
def test_a_mirror_of_nothing_is_unknown(metric):
    found = faults(BOTH, guard={metric: {"below": 1.0}})
    assert found[f"guard.{metric}"].startswith(f"no such metric: '{metric}'")


@pytest.mark.parametrize("metric", ["train/loss", "untrained/mel", "parent/mel", "eval/x"])
def test_the_best_checkpoint_and_the_verdict_go_by_a_metric_of_the_evaluation(metric):
    row = {"metric": metric, "cuts": [1.0], "keep": ["a", "b"], "say": ["a", "b"]}
    for found in (faults(BOTH, metric), faults(BOTH, verdict=row)):
        assert "not a metric of the evaluation" in next(iter(found.values()))
    assert not faults(BOTH, verdict=row | {"metric": "eval/mel"})


def test_every_turn_needs_an_optimizer_and_no_other_has_one():
    assert faults({"generator": ADAM, "generatr": ADAM}) == {
        "optimizer.generatr": "no such turn; did you mean 'generator'? "
        "(known: discriminator, generator)",
        "optimizer.discriminator": "missing; every turn needs this table",
    }


def test_a_schedule_may_be_missing_but_not_unknown():
    both = {"discriminator": ADAM, "generator": ADAM}
    assert not faults(both, schedule={"generator": {"kind": "cosine"}})
    assert set(faults(both, schedule={"critic": {"kind": "cosine"}})) == {"schedule.critic"}


def test_a_system_may_not_name_a_metric_like_a_group_of_its_metrics():
    with pytest.raises(AssertionError, match="Codec: eval/mel is both a metric and a group"):

        class Codec(Recipe):
            metrics: ClassVar[Mapping[str, str]] = dict.fromkeys(
                ["eval/m", "eval/mel", "eval/mel/low"], ""
            )
