"""Teacher-forced against cached logits."""

import torch

from engine.systems.codec_lm.sequence.delay import IGNORED
from engine.systems.codec_lm.sequence.packing import pack
from engine.systems.codec_lm.speech import cached
from engine.systems.codec_lm.speech.cached import cached_logits, up_to_target
from engine.systems.codec_lm.speech.inputs import model_inputs
from tests.systems.codec_lm.speech.tiny import CPU, SEQUENCES, V


def largest_difference(network, pieces):
    """Of teacher-forced and cached logits of the target's labels."""
    prompt, target = up_to_target(pieces)
    with torch.no_grad():
        _, forced = network.logits(pack([pieces], CPU))
    stepwise = cached_logits(network.model, prompt, target.columns)
    asked = (target.labels != IGNORED).any(1)
    return float((forced.flatten(1) - stepwise[asked]).abs().max())


def test_cached_steps_say_what_the_network_says_in_training(network):
    for pieces in SEQUENCES:
        assert largest_difference(network, pieces) < 1e-5


def differing(monkeypatch, **change):
    """Let the prompt that is generated from differ."""

    def changed(*given):
        inputs = model_inputs(*given)
        return {**inputs, **{name: alter(inputs) for name, alter in change.items()}}

    monkeypatch.setattr(cached, "model_inputs", changed)


def test_positions_that_differ_from_those_of_training_are_found(network, monkeypatch):
    def spread(inputs):
        return torch.arange(inputs["input_ids"].shape[1])[None] * 2

    differing(monkeypatch, position_ids=spread)
    assert largest_difference(network, SEQUENCES[0]) > 0.01


def test_another_reference_in_generation_than_in_training_is_found(network, monkeypatch):
    differing(monkeypatch, audio_input_ids=lambda inputs: (inputs["audio_input_ids"] + 1) % V)
    assert largest_difference(network, SEQUENCES[0]) > 0.01
