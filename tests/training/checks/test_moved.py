"""Weights that stay where they were, and averages that do not follow them."""

import pytest
import torch
from torch import nn

from engine.training.average import AverageWeights
from engine.training.checks.moved import Moved
from engine.training.ranks import ALONE
from engine.training.system import Turn


@pytest.fixture
def trained():
    """Two turns, one of which begins after 40 steps, with an average; and what is found."""
    torch.manual_seed(0)
    both = nn.ModuleDict({name: nn.Linear(3, 3) for name in ("early", "late")})
    named = dict(both.named_parameters())

    def of(name):
        return {one: p for one, p in named.items() if one.startswith(name)}

    turns = [Turn("generator", of("early"), {}), Turn("critic", of("late"), {}, starts_at_step=40)]
    average = AverageWeights(of("early"), 0.9)
    moved = Moved(turns, average, ALONE)
    moved.begin(0)
    return both, average, lambda step: {one.name: one for one in moved.checks(step)}


@torch.no_grad()
def move(module):
    for one in module.parameters():
        one.add_(0.01)


def test_what_trains_and_its_average_have_moved(trained):
    both, average, checks = trained
    move(both["early"])
    average.update()
    found = checks(30)
    assert found.keys() == {"weights of generator", "averaged weights"}
    assert all(check.ok for check in found.values())


def test_a_turn_that_never_trains_ends_the_run_once_it_should_have_begun(trained):
    both, average, checks = trained
    move(both["early"])
    average.update()
    check = checks(90)["weights of critic"]
    assert check.stops
    assert "none of its 2 tensors has moved since step 1" in check.detail


def test_an_average_that_is_never_updated_ends_the_run(trained):
    both, _, checks = trained
    move(both)
    check = checks(50)["averaged weights"]
    assert check.stops
    assert "they are never updated" in check.detail


def test_a_group_of_modules_that_stays_is_a_warning(trained):
    both, average, checks = trained
    both["early"].weight.data.add_(0.01)
    average.update()
    assert checks(50)["weights of generator"].ok  # weight and bias are one group
    assert not checks(50)["weights of critic"].ok


def test_a_turn_that_was_not_due_since_a_resume_is_not_asked_about():
    module = nn.Linear(3, 3)
    parameters = dict(module.named_parameters())
    seldom = Turn("critic", parameters, {}, starts_at_step=2, every_steps=4)
    moved = Moved([seldom], None, ALONE)
    moved.begin(11)  # its steps are those that follow 2, 6, 10 and 14 finished ones
    assert list(moved.checks(14)) == []
    (check,) = moved.checks(15)
    assert check.stops
    assert "since step 12" in check.detail
