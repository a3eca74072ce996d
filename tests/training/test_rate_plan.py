"""What is said of learning rates before a run."""

import pytest
import torch

from engine.recipe.optimizers import Adam, Constant, Exponential
from engine.training.devices import Device
from engine.training.rate_plan import rate_plans
from engine.training.schedules import Length
from engine.training.step import Stepper
from tests.training.toy import toy_recipe, toy_system


def plan(warmup, total, peak=5e-5):
    return plan_of(Constant(warmup_steps=warmup), total, peak)


def plan_of(schedule, total, peak=5e-5):
    recipe = toy_recipe(schedule={"denoiser": schedule}, optimizer=Adam(learning_rate=peak))
    length = Length(total, 5)
    stepper = Stepper(Device(torch.device("cpu")), toy_system(recipe), recipe, length)
    (found,) = rate_plans(stepper, recipe, length)
    return found


def test_a_rate_of_1e_7_at_the_first_step_of_a_long_warm_up_is_explained():
    found = plan(500, 5_000)
    assert found.said == (
        "1e-07 at step 1, 5e-05 at step 500, 5e-05 at step 2,500, 5e-05 at step 5,000; the first "
        "500 of 5,000 updates (10%) are warm-up, from 1e-07 to the peak of 5e-05"
    )
    assert found.remark is None


def test_a_run_without_warm_up_says_so():
    assert plan(0, 100).said.endswith("5e-05 at step 100; no warm-up in 100 updates")


@pytest.mark.parametrize(("warmup", "remarked"), [(200, False), (201, True), (900, True)])
def test_a_warm_up_over_a_fifth_of_the_updates_is_remarked_on(warmup, remarked):
    remark = plan(warmup, 1_000).remark
    assert (remark is not None) == remarked
    if warmup == 900:
        assert remark.startswith("the warm-up of denoiser takes 900 of 1,000 updates (90%)")


@pytest.mark.parametrize(
    ("gamma", "warmup", "remarked"), [(0.8, 0, True), (0.8, 5, True), (0.99, 0, False)]
)
def test_a_decay_that_ends_learning_half_way_is_remarked_on(gamma, warmup, remarked):
    schedule = Exponential(gamma=gamma, every="step", warmup_steps=warmup)
    remark = plan_of(schedule, 60).remark
    assert (remark is not None) == remarked
    if remarked:
        assert "a decay by steps where epochs are meant?" in remark


def test_a_warm_up_that_reaches_beyond_the_half_is_no_decay():
    assert "a decay" not in plan(900, 1_000, peak=5e-5).remark
