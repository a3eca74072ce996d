"""Weights that were loaded, and weights that only seemed to be."""

import torch
from torch import nn

from engine.training.checks.loaded import Loaded


def weights(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 4)).state_dict()


def test_weights_that_are_there_pass():
    check = Loaded.of("parent", weights(1)).check(weights(1))
    assert check.ok
    assert "tensors are those of parent" in check.detail


def test_weights_that_were_not_loaded_are_named():
    check = Loaded.of("parent", weights(1)).check(weights(2))
    assert check.stops
    assert "4 of 8 tensors are not those of parent, first 0.bias, 0.weight, 2.bias" in check.detail


def test_one_module_that_was_initialized_again_is_named():
    given = weights(1)
    now = given | {name: one for name, one in weights(2).items() if name.startswith("2.")}
    check = Loaded.of("parent", given).check(now)
    assert "first 2.bias, 2.weight: they were not loaded, or were initialized again" in check.detail


def test_another_number_format_is_no_fault():
    given = weights(1)
    coarse = {
        name: one.bfloat16() if one.is_floating_point() else one for name, one in given.items()
    }
    assert Loaded.of("parent", given).check(coarse).ok


def test_a_published_file_must_change_something():
    before = Loaded.unlike("published/model", weights(1))
    assert before.check(weights(2)).ok
    check = before.check(weights(1))
    assert check.stops
    assert "nothing was loaded" in check.detail
