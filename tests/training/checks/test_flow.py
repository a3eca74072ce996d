"""Where gradients must be, and the sentence where they are not."""

import numpy as np
import pytest
import torch
from attrs import evolve
from torch import nn

from engine.training.checks.flow import flow_checks
from engine.training.devices import Device
from engine.training.networks import Networks
from engine.training.system import PreflightBounds, Terms, TrainingModule, Turn


class Codec(TrainingModule):
    """A generator with a quantizer between its halves, and a discriminator."""

    def __init__(self, broken):
        super().__init__()
        self.broken = broken
        self.encoder, self.decoder, self.critic = nn.Linear(8, 4), nn.Linear(4, 8), nn.Linear(8, 1)

    def prepare(self, batch):
        latents = self.encoder(batch["audio"])
        rounded = latents.round()
        if self.broken != "quantizer":
            rounded = latents + (rounded - latents).detach()
        return {**batch, "made": self.decoder(rounded)}

    def discriminator(self, batch):
        real, made = batch["target"], batch["made"].detach()
        if self.broken == "recordings":
            made = real
        if self.broken == "swapped":
            real, made = made, real
        wrong = torch.relu(1 - self.critic(real)) + torch.relu(1 + self.critic(made))
        return Terms({"hinge": wrong.mean()})

    def generator(self, batch):
        made = batch["made"]
        judged = made.detach() if self.broken == "adversarial" else made
        losses = {
            "mel": (made - batch["target"]).abs().mean(),
            "adversarial": -self.critic(judged).mean(),
            "commitment": self.encoder.weight.square().mean(),
        }
        return Terms(losses, generator_output=made)


class System:
    def __init__(self, broken):
        self.module = Codec(broken)
        named = dict(self.module.named_parameters())
        own = {name: p for name, p in named.items() if name.startswith("critic")}
        rest = {name: p for name, p in named.items() if name not in own}
        weights = dict.fromkeys(("mel", "adversarial", "commitment"), 1.0)
        self.turns = [
            Turn("discriminator", own, {"hinge": 1.0}, averaged=False),
            Turn("generator", rest, weights),
        ]


def checks_of(broken):
    torch.manual_seed(0)
    system = System(broken)
    networks = Networks(system, Device(torch.device("cpu")))
    audio = torch.from_numpy(np.random.default_rng(0).standard_normal((4, 8)).astype(np.float32))
    bounds = PreflightBounds((0.0, 1.0), paths={"audio": "generator/mel"}, generated="made")
    bounds = evolve(bounds, adversarial="generator/adversarial")
    batch = {"audio": 4 * audio, "target": audio}
    found = flow_checks(networks, system.turns, batch, bounds, 0)
    return {check.name: check for check in found}, system


def test_a_healthy_codec_passes_and_no_parameter_is_given_a_gradient():
    found, system = checks_of("")
    outputs = {"gradients at audio", "gradients at the output of generator"}
    assert found.keys() == {*outputs, "input of discriminator", "verdicts of discriminator"}
    assert all(check.ok for check in found.values())
    assert all(p.grad is None for p in system.module.parameters())


@pytest.mark.parametrize(
    ("broken", "name", "said"),
    [
        ("quantizer", "gradients at audio", "without its straight-through copy"),
        ("recordings", "input of discriminator", "it judges recordings on both sides"),
        ("swapped", "verdicts of discriminator", "recordings and the generated audio are swapped"),
        ("adversarial", "gradients at the output of generator", "adversarial has no gradient"),
    ],
)
def test_a_path_that_is_cut_is_named(broken, name, said):
    found, _ = checks_of(broken)
    assert found[name].stops
    assert said in found[name].detail
    assert [one for one, check in found.items() if not check.ok] == [name]
