import numpy as np
import pytest
import torch
from attrs import evolve

from engine.nn.follower import Follower
from tests.systems.codec.conftest import LOSSES, SMALL


def both_turns(system, step=0):
    module = system.module
    module.begin(step)
    batch = system.train_clips.batch(range(4), np.random.default_rng(0))
    prepared = module.prepare(batch)
    return module.discriminator(prepared), module.generator(prepared)


def test_terms_are_those_that_weigh_something_and_all_are_finite(make_codec):
    judged, made = both_turns(make_codec())
    assert judged.losses.keys() == {"discriminator"}
    assert made.losses.keys() == {
        "adversarial", "feature", "mel", "waveform", "commitment", "codebook"
    }  # fmt: skip
    assert all(torch.isfinite(v) for terms in (judged, made) for v in terms.losses.values())


def test_a_term_without_weight_is_not_computed(make_codec):
    system = make_codec(losses=evolve(LOSSES, mel=0.0, stft=1.0))
    assert {"mel", "stft"} & both_turns(system)[1].losses.keys() == {"stft"}


def test_before_their_first_step_the_discriminators_are_not_heard(make_codec, monkeypatch):
    system = make_codec(discriminator={"starts_at_step": 5})
    asked = []
    whole = system.module.discriminators.compare
    monkeypatch.setattr(
        system.module.discriminators, "compare", lambda *a: asked.append(1) or whole(*a)
    )
    early = both_turns(system, step=4)[1].losses.keys()
    assert not asked
    late = both_turns(system, step=5)[1].losses.keys()
    assert late - early == {"adversarial", "feature"}
    judge, codec = system.turns
    assert not judge.is_due(4)
    assert judge.is_due(5)
    assert codec.weights_at(4).keys() == early
    assert codec.weights_at(5).keys() == late


def test_nothing_of_the_discriminators_turn_reaches_the_codec(make_codec):
    system = make_codec()
    judged, _ = both_turns(system)
    judged.losses["discriminator"].backward()
    assert all(p.grad is None for p in system.module.network.parameters())
    assert all(p.grad is not None for p in system.module.discriminators.parameters())


@pytest.mark.parametrize("loss", ["hinge", "least_squares"])
def test_the_health_of_each_discriminator_is_measured_under_its_name(make_codec, loss):
    both = {"loss": loss, "periods": (2,), "stft_windows": (64,)}
    judged, _ = both_turns(make_codec(discriminator=both))
    for name in ("period_2", "stft_64"):
        assert 0.0 <= float(judged.metrics[f"accuracy_{name}"]) <= 1.0
        assert f"loss_over_chance_{name}" in judged.metrics
    parts = [float(judged.metrics[f"loss_over_chance_{n}"]) for n in ("period_2", "stft_64")]
    assert float(judged.metrics["loss_over_chance"]) == pytest.approx(np.mean(parts), rel=1e-5)


def test_feature_distances_are_measured_in_all_three_units(make_codec):
    system = make_codec(discriminator={"features": "relative"})
    _, made = both_turns(system)
    num_maps = 2 * 5 * 5
    units = {unit: float(made.metrics[f"feature_{unit}"]) for unit in ("sum", "mean", "relative")}
    assert units["sum"] == pytest.approx(units["mean"] * num_maps, rel=1e-4)
    assert float(made.losses["feature"].detach()) == pytest.approx(units["relative"])


def test_dead_codes_are_replaced_and_counted(make_codec):
    system = make_codec(model=evolve(SMALL, restart_below=0.9))
    system.module.train()
    counted = 0.0
    for _ in range(30):
        counted += float(both_turns(system)[1].metrics["restarted_codes"])
        for one in system.module.modules():  # as a step does at its end
            if isinstance(one, Follower):
                one.move()
    assert counted > 0
