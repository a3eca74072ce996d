import pytest
import torch
from transformers import HiggsAudioV2Config, HiggsAudioV2ForConditionalGeneration

from engine.errors import UserError
from engine.nn.adapters import adapters_of
from engine.systems.codec_lm.network.trainable import adapt_network, adapted_names
from engine.systems.codec_lm.recipe import Adapters


def published():
    """Higgs Audio v2 at full size, without weights."""
    with torch.device("meta"):
        return HiggsAudioV2ForConditionalGeneration(
            HiggsAudioV2Config(codebook_size=1026), use_text_head=True
        )


@pytest.mark.parametrize(
    ("layers", "millions", "each"),
    [
        (("attention",), 9.2, 4),
        (("attention", "audio_expert"), 24.3, 7),
        (("attention", "audio_expert", "text_expert"), 39.5, 10),
    ],
)
def test_what_a_recipe_names_is_adapted_in_every_layer_and_learns_alone(layers, millions, each):
    """Figures as counted with peft's own regular expressions on the 3B model, rank 16."""
    network = published()
    adapt_network(network, 3072, Adapters(rank=16, layers=layers))
    learned = {name: p.numel() for name, p in network.named_parameters() if p.requires_grad}
    assert round(sum(learned.values()) / 1e6, 1) == millions
    assert len(learned) == 2 * 28 * each
    assert learned.keys() <= adapters_of(network.state_dict()).keys()


def test_the_experts_are_told_apart_and_nothing_outside_the_layers_is_adapted():
    names = adapted_names(published(), ["text_expert"])
    assert len(names) == 3 * 28
    assert not any("audio" in name or "head" in name for name in names)


def test_a_rank_as_large_as_the_width_is_refused():
    with pytest.raises(UserError, match=r"rank = 32 must be below the model's width of 32"):
        adapt_network(torch.nn.Linear(32, 32), 32, Adapters(rank=32))
