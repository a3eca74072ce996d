import signal
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from engine.errors import UserError
from engine.training import compiling
from engine.training.compiling import compiler_in_words
from engine.training.devices import Device
from engine.training.schedules import Length
from engine.training.step import Stepper
from engine.training.stop import StoppedAtOnce, StopRequest, stop_on_signals
from engine.training.system import Terms
from tests.training.toy import ToyModel, toy_recipe, toy_system

CPU = torch.device("cpu")


def test_a_failure_of_the_compiler_is_a_sentence_that_says_what_to_do():
    def unsupported(x):
        torch._dynamo.graph_break()
        return x

    with (
        pytest.raises(UserError, match=r"Set training\.compile = 'off' in place of 'default'"),
        compiler_in_words("default", CPU),
    ):
        torch.compile(unsupported, fullgraph=True, backend="eager")(torch.ones(1))


def test_a_machine_without_a_compiler_is_told_so(monkeypatch):
    monkeypatch.setattr(compiling, "shutil", SimpleNamespace(which=lambda _: None))
    error = type("InvalidCxxCompiler", (RuntimeError,), {"__module__": "torch._inductor.exc"})
    with (
        pytest.raises(UserError, match=r"needs a C\+\+ compiler"),
        compiler_in_words("default", CPU),
    ):
        raise error("No working C++ compiler found")


def test_other_errors_stay_what_they_are():
    with pytest.raises(ZeroDivisionError), compiler_in_words("default", CPU):
        raise ZeroDivisionError


def test_compiled_turns_learn_what_plain_ones_learn(monkeypatch):
    plain = torch.compile
    monkeypatch.setattr(torch, "compile", lambda f, mode: plain(f, backend="aot_eager"))
    left = []
    for mode in ("off", "default"):
        torch.manual_seed(0)
        recipe = toy_recipe(model=ToyModel(adversary=True), compile=mode)
        system = toy_system(recipe)
        system.module.eval()  # compiled dropout draws other numbers
        stepper = Stepper(Device(CPU), system, recipe, Length(20, 5))
        assert stepper.is_compiling == (mode == "default")
        batch = system.train_clips.batch(range(8), np.random.default_rng(0))
        for step in range(3):
            stepper.step([batch], step)
        assert not stepper.is_compiling
        left.append([p.detach().clone() for p in system.module.parameters()])
    torch.testing.assert_close(*left)


def test_gradients_of_terms_are_measured_of_compiled_turns_before_their_backward(monkeypatch):
    plain = torch.compile
    monkeypatch.setattr(torch, "compile", lambda f, mode: plain(f, backend="aot_eager"))
    recipe = toy_recipe(model=ToyModel(adversary=True), compile="default", log_every_steps=1)
    system = toy_system(recipe)

    def generator(self, batch):
        """The toy's, which names what was made: its terms' gradients are measured there."""
        cleaned = batch["cleaned"]
        error = (cleaned - batch["clean"]).square().mean()
        fooled = (1 - self.critic(cleaned)).square().mean()
        losses = {"reconstruction": error, "real_or_fake": fooled}
        return Terms(losses, generator_output=cleaned)

    monkeypatch.setattr(type(system.module), "generator", generator)
    stepper = Stepper(Device(CPU), system, recipe, Length(20, 5))
    stepper.step([system.train_clips.batch(range(8), np.random.default_rng(0))], 0)
    assert "train/gradient_share/real_or_fake" in stepper.meter.read()


def test_a_signal_while_torch_compiles_is_heeded_at_once_and_otherwise_noted():
    with stop_on_signals() as stop:
        with pytest.raises(StoppedAtOnce), stop.obeyed_at_once(True):
            signal.raise_signal(signal.SIGTERM)
        assert stop.signal == signal.SIGTERM
        with stop.obeyed_at_once(False):
            signal.raise_signal(signal.SIGTERM)
        with pytest.raises(StoppedAtOnce), stop.obeyed_at_once(True):
            pass  # it came before


def test_no_signal_no_stop():
    with StopRequest().obeyed_at_once(True):
        pass
