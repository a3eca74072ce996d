"""Other trainers on the tests' toy: they train it, and what they say of a fault is noted."""

import warnings

import pytest
import torch

from benchmarks.mutants.rivals import plain
from benchmarks.mutants.rivals.notices import Notices
from benchmarks.mutants.rivals.setting import Setting
from tests.training.toy import ToyModel, toy_recipe, toy_system


def setting_of(broken="", *, adversary=False):
    torch.manual_seed(1)
    model = ToyModel(broken=broken, adversary=adversary)
    recipe = toy_recipe(model=model, steps=8, evaluate_every="step:4")
    return Setting(toy_system(recipe), recipe, seed=1)


def trained(train, setting, folder):
    notices = Notices(lambda: setting.step)
    with notices.listening():
        train(setting, notices, folder)
    return notices.found


def with_lightning():
    pytest.importorskip("lightning")
    from benchmarks.mutants.rivals import with_lightning

    return with_lightning.train


def with_coqui():
    pytest.importorskip("trainer")
    from benchmarks.mutants.rivals import with_coqui

    return with_coqui.train


TRAINERS = {"plain": lambda: plain.train, "lightning": with_lightning, "coqui": with_coqui}


@pytest.mark.parametrize("name", TRAINERS)
@pytest.mark.parametrize("adversary", [False, True], ids=["one turn", "two turns"])
def test_a_healthy_setup_is_trained_to_its_end(name, adversary, tmp_path):
    setting = setting_of(adversary=adversary)
    before = {n: p.detach().clone() for n, p in setting.system.module.named_parameters()}
    found = trained(TRAINERS[name](), setting, tmp_path)
    assert not [one for one in found if one.kind != "warning"]
    assert setting.step == 8
    after = dict(setting.system.module.named_parameters())
    assert all(not torch.equal(before[n], after[n]) for n in before)


@pytest.mark.parametrize("name", ["plain", "lightning"])
def test_a_loss_that_is_not_a_number_ends_the_training(name, tmp_path):
    found = trained(TRAINERS[name](), setting_of("nan"), tmp_path)
    assert [one.kind for one in found if one.kind != "warning"] == ["error"]


def test_coquis_trainer_goes_on_with_a_loss_that_is_not_a_number(tmp_path):
    setting = setting_of("nan")
    trained(with_coqui(), setting, tmp_path)
    assert setting.step == 8


def test_an_input_that_reaches_nothing_is_noticed_by_no_plain_loop(tmp_path):
    assert trained(plain.train, setting_of("deaf"), tmp_path) == []


def test_a_warning_is_noted_once_with_its_step():
    notices = Notices(lambda: 3)
    with notices.listening():
        for _ in range(2):
            warnings.warn("rates  are\nodd", stacklevel=1)
    assert [(one.kind, one.step, one.text) for one in notices.found] == [
        ("warning", 3, "rates are odd")
    ]
