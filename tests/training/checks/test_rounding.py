"""Updates that are lost in rounding, after which the weights are as they were."""

import pytest
import torch
from attrs import evolve

from tests.training.checks.test_steps import checks_of
from tests.training.toy import ToyModel, toy_recipe

NAME = "rounding of updates of denoiser"


def held_in(dtype):
    """The weights are converted to a type and back after each step."""

    def breaks(stepper):
        step = stepper.step

        def rounded(*given, **named):
            found = step(*given, **named)
            with torch.no_grad():
                for turn in stepper.networks.turns:
                    for parameter in turn.parameters.values():
                        parameter.copy_(parameter.to(dtype))
            return found

        stepper.step = rounded

    return breaks


def recipe_at(rate, **more):
    recipe = toy_recipe(**more)
    (name, optimizer), *_ = recipe.optimizer.items()
    return evolve(
        recipe, optimizer={**recipe.optimizer, name: evolve(optimizer, learning_rate=rate)}
    )


def test_weights_that_are_held_in_bfloat16_end_the_run_at_a_small_rate():
    check = checks_of(recipe_at(1e-4), held_in(torch.bfloat16))[NAME]
    assert check.stops
    assert "of the weights that have a gradient as they were" in check.detail
    assert "Are the weights held in bfloat16, which resolves changes of 1/256?" in check.detail


@pytest.mark.parametrize("adversary", [False, True])
def test_weights_of_float32_change_at_every_step(adversary):
    found = checks_of(recipe_at(1e-4, model=ToyModel(adversary=adversary)))
    rounding = [one for name, one in found.items() if name.startswith("rounding of updates of ")]
    assert len(rounding) == 1 + adversary
    assert all(one.ok and one.detail.startswith("a step leaves 0%") for one in rounding)
