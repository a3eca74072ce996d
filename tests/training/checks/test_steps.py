"""What preflight's steps show of broken code: gradients that add up, rates that are not used."""

import pytest
import torch
from attrs import evolve
from torch import nn

from engine.training.checks.steps import parts_check, size_check
from engine.training.devices import Device
from engine.training.order import Order
from engine.training.preflight import Preflight
from engine.training.ranks import ALONE
from engine.training.schedules import Length
from engine.training.step import Stepper
from engine.training.system import Turn
from tests.training.toy import ToyModel, toy_recipe, toy_system


def checks_of(recipe, breaks=lambda stepper: None):
    torch.manual_seed(0)
    system = toy_system(recipe)
    length = Length(20, 5)
    stepper = Stepper(Device(torch.device("cpu")), system, recipe, length)
    breaks(stepper)
    order = Order(system.train_clips.lengths, 8, seed=1)
    found = Preflight(system, recipe, order, length, stepper).checks()
    return {check.name: check for check in found}


def keep_gradients(stepper):
    for one in stepper._optimized:
        one.optimizer.zero_grad = lambda set_to_none=True: None


def scale_rates(times):
    def breaks(stepper):
        rate = stepper._rate
        stepper._set_rates = lambda due, step: [
            group.update(lr=rate(one.turn.name, step) * times)
            for one in due
            for group in one.optimizer.param_groups
        ]

    return breaks


@pytest.mark.parametrize("adversary", [False, True])
def test_a_healthy_step_has_the_same_gradient_again_and_the_size_of_its_rate(adversary):
    found = checks_of(toy_recipe(model=ToyModel(adversary=adversary)))
    assert found["gradients of a step"].ok
    sizes = [check for name, check in found.items() if name.startswith("size of updates")]
    assert len(sizes) == 1 + adversary
    assert all(
        check.ok and check.detail.startswith("1 of the learning rate in a step") for check in sizes
    )


@pytest.mark.parametrize("clip", [None, 0.1])
def test_gradients_that_are_not_cleared_are_named_even_where_they_are_clipped(clip):
    from engine.recipe.optimizers import Adam

    recipe = toy_recipe(optimizer=Adam(learning_rate=1e-2, clip_gradient_norm=clip))
    check = checks_of(recipe, keep_gradients)["gradients of a step"]
    assert check.stops
    assert "times the gradient: gradients are not cleared" in check.detail


@pytest.mark.parametrize(("times", "where"), [(1e-3, "below"), (1e3, "above")])
def test_an_optimizer_that_uses_another_rate_is_named(times, where):
    check = checks_of(toy_recipe(), scale_rates(times))["size of updates of denoiser"]
    assert check.stops
    assert f"far {where} 1" in check.detail
    assert "does not use the recipe's rate of 0.01" in check.detail


def test_an_update_of_all_weights_is_a_warning_and_no_stop():
    check = checks_of(toy_recipe(), scale_rates(1e3))["ratio of updates of denoiser"]
    assert check.ok is False
    assert not check.stops
    assert "is the learning rate right?" in check.detail


@pytest.mark.parametrize(("share_still", "replaced", "ok"), [(0.9, 0, True), (0.0, 2, True)])
def test_tensors_without_a_gradient_and_codes_that_are_replaced_are_no_fault(
    share_still, replaced, ok
):
    before = {str(number): torch.zeros(4) for number in range(10)}
    moved = {name: nn.Parameter(one + 0.01) for name, one in before.items()}
    with torch.no_grad():
        for name in list(moved)[: int(share_still * 10)]:
            moved[name].mul_(1e-6)
        for name in list(moved)[:replaced]:
            moved[name].add_(100.0)
    assert size_check(Turn("generator", moved, {}), before, 0.01, ALONE).ok is ok


def clear_before_each_part(stepper):
    whole = stepper._device.backward

    def backward(loss):
        for parameter in stepper.networks.module.parameters():
            parameter.grad = None
        whole(loss)

    object.__setattr__(stepper._device, "backward", backward)


def in_parts(**model):
    recipe = toy_recipe(model=ToyModel(**model))
    return evolve(recipe, training=evolve(recipe.training, batch_size=8, num_micro_batches=2))


def test_gradients_of_the_last_part_alone_end_the_run():
    check = checks_of(in_parts(), clear_before_each_part)["parts of a step"]
    assert check.stops
    assert "Gradients of micro-batches are cleared before the last one" in check.detail


@pytest.mark.parametrize("adversary", [False, True])
def test_a_step_in_parts_has_the_gradient_of_the_whole(adversary):
    check = checks_of(in_parts(adversary=adversary))["parts of a step"]
    assert check.ok
    assert "the gradient of the same clips at once: " in check.detail
    assert ("denoiser 1" in check.detail) is not adversary


def test_a_step_in_one_part_is_not_asked_for_its_parts():
    assert "parts of a step" not in checks_of(toy_recipe())


def test_losses_that_draw_random_numbers_say_nothing_of_parts():
    check = parts_check({"lm": 1.0}, {"lm": 1.1}, {"lm": 0.5})
    assert (check.ok, check.detail.split(":")[0]) == (True, "not checked")
