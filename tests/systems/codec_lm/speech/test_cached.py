"""Teacher-forced against cached logits."""

import pytest
import torch

from engine.systems.codec_lm.speech import cached
from engine.systems.codec_lm.speech.cached import cached_parity
from engine.systems.codec_lm.speech.inputs import model_inputs
from tests.systems.codec_lm.speech.tiny import CLIPS, audio, text

SEQUENCES = [[*before, audio(target), text(6, 1)] for before, target in CLIPS]


@pytest.mark.parametrize("pieces", SEQUENCES)
def test_cached_steps_say_what_the_whole_sequence_says(model, pieces):
    assert cached_parity(model, pieces) < 1e-5
    assert cached_parity(model, pieces, max_columns=3) < 1e-5


def test_positions_that_differ_from_those_of_training_are_found(model, monkeypatch):
    def shifted(config, sequences, device):
        inputs = dict(model_inputs(config, sequences, device))
        if len(sequences[0]) == len(SEQUENCES[0]) - 1:  # with the target, not the prompt alone
            inputs["position_ids"] = torch.arange(inputs["input_ids"].shape[1])[None] * 2
        return inputs

    monkeypatch.setattr(cached, "model_inputs", shifted)
    assert cached_parity(model, SEQUENCES[0]) > 0.01


def test_a_cache_of_the_wrong_reference_is_found(model, monkeypatch):
    def other(config, sequences, device):
        inputs = dict(model_inputs(config, sequences, device))
        if len(sequences[0]) == len(SEQUENCES[0]) - 2:
            inputs["audio_input_ids"] = (inputs["audio_input_ids"] + 1) % 16
        return inputs

    monkeypatch.setattr(cached, "model_inputs", other)
    assert cached_parity(model, SEQUENCES[0]) > 0.01
