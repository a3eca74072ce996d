"""Teacher-forced against cached logits."""

import pytest
import torch

from engine.systems.codec_lm.sequence.packing import pack
from engine.systems.codec_lm.speech import cached
from engine.systems.codec_lm.speech.cached import cached_logits, cached_parity, up_to_target
from engine.systems.codec_lm.speech.inputs import model_inputs
from tests.systems.codec_lm.speech.tiny import CPU, SEQUENCES, V


@pytest.mark.parametrize("pieces", SEQUENCES)
def test_cached_steps_say_what_the_whole_sequence_says(network, pieces):
    assert cached_parity(network.model, pieces) < 1e-5
    assert cached_parity(network.model, pieces, max_columns=3) < 1e-5


def test_cached_steps_say_what_the_network_says_in_training(network):
    packed = pack(SEQUENCES, CPU)
    with torch.no_grad():
        _, trained = network.logits(packed)
    for clip, pieces in enumerate(SEQUENCES):
        prompt, target = up_to_target(pieces)
        stepwise = cached_logits(network.model, prompt, target.columns)
        asked = (target.labels != -100).any(1)
        own = trained[packed.audio_clips == clip]
        assert (own.flatten(1) - stepwise[asked]).abs().max() < 1e-5


def differing(monkeypatch, change, with_target):
    """Let inputs with, or without, the target differ by a change."""

    def changed(config, sequences, device):
        inputs = model_inputs(config, sequences, device)
        is_whole = len(sequences[0]) == len(up_to_target(SEQUENCES[0])[0]) + 1
        return {**inputs, **change(inputs)} if is_whole == with_target else inputs

    monkeypatch.setattr(cached, "model_inputs", changed)


def test_positions_that_differ_from_those_of_training_are_found(network, monkeypatch):
    def spread(inputs):
        return {"position_ids": torch.arange(inputs["input_ids"].shape[1])[None] * 2}

    differing(monkeypatch, spread, with_target=True)
    assert cached_parity(network.model, SEQUENCES[0]) > 0.01


def test_another_reference_in_generation_than_in_training_is_found(network, monkeypatch):
    def other(inputs):
        return {"audio_input_ids": (inputs["audio_input_ids"] + 1) % V}

    differing(monkeypatch, other, with_target=False)
    assert cached_parity(network.model, SEQUENCES[0]) > 0.01
