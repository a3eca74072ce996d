"""Sizes of a Higgs Audio v2: made from a recipe, read from a folder, and those of the released."""

import logging
import re
from collections import Counter

import pytest
import torch
from transformers import HiggsAudioV2Config

from engine.errors import UserError
from engine.systems.codec_lm.higgs.config import codebooks_of, published_config, scratch_config
from engine.systems.codec_lm.network.network import CodecLmNetwork
from engine.systems.codec_lm.recipe import Scratch
from engine.systems.codec_lm.sequence.codebooks import Codebooks
from tests.systems.codec_lm.tiny_higgs import CODEBOOKS, CODES, tiny_config, tiny_tokens

BOOKS = Codebooks(CODEBOOKS, CODES)
_MLP, _NORMS = ("gate", "up", "down"), ("input", "post_attention")
_ONCE = (
    "model.embed_tokens.weight",
    "model.embed_audio_tokens.embed_audio_tokens.weight",
    "model.norm.weight",
    "audio_lm_head.weight",
    "text_lm_head.weight",
)
_IN_EACH_LAYER = (
    *(f"self_attn.{place}_proj.weight" for place in "qkvo"),
    *(f"{expert}.{place}_proj.weight" for expert in ("mlp", "audio_mlp") for place in _MLP),
    *(f"{expert}{place}_layernorm.weight" for expert in ("", "audio_") for place in _NORMS),
)


def _published(folder, **changed):
    tiny_config(**changed).save_pretrained(folder)
    return published_config(folder, BOOKS, tiny_tokens())


@pytest.fixture(scope="module")
def released():
    """The released model, without memory for its weights."""
    with torch.device("meta"):
        return CodecLmNetwork(HiggsAudioV2Config(codebook_size=1026)).model


def test_the_released_model_has_5771_million_parameters(released):
    assert sum(p.numel() for p in released.parameters()) == 5_771_283_456


def test_the_released_model_has_the_keys_of_the_published_layout(released):
    in_layers = (f"model.layers.N.{name}" for name in _IN_EACH_LAYER)
    expected = {**dict.fromkeys(_ONCE, 1), **dict.fromkeys(in_layers, 28)}
    found = Counter(re.sub(r"layers\.\d+\.", "layers.N.", name) for name in released.state_dict())
    assert found == expected
    assert sum(found.values()) == 397


def test_the_parts_of_the_released_model_have_the_published_sizes(released):
    sizes = Counter()
    for name, parameter in released.named_parameters():
        part = re.search(r"self_attn|audio_mlp|mlp|embed_audio|embed_tokens|\w+_lm_head", name)
        sizes[part[0] if part else "norms"] += parameter.numel()
    assert {part: round(size / 1e6) for part, size in sizes.items() if part != "norms"} == {
        "self_attn": 705,
        "mlp": 2114,
        "audio_mlp": 2114,
        "embed_tokens": 394,
        "text_lm_head": 394,
        "embed_audio": 25,
        "audio_lm_head": 25,
    }


def test_a_model_from_scratch_has_the_sizes_of_its_recipe():
    model = Scratch(
        num_layers=2, dim=48, num_heads=6, num_key_heads=3, ffn_dim=80, max_positions=90
    )
    config = scratch_config(model, BOOKS, tiny_tokens())
    layer = CodecLmNetwork(config).model.model.layers[1]
    assert config.max_position_embeddings == 90
    assert config.vocab_size == tiny_tokens().num_tokens
    assert layer.self_attn.q_proj.weight.shape == (48, 48)
    assert layer.self_attn.k_proj.weight.shape == (24, 48)
    assert layer.audio_mlp.up_proj.weight.shape == (80, 48)


def test_a_configuration_has_the_codebooks_that_it_was_made_for():
    assert codebooks_of(scratch_config(Scratch(), BOOKS, tiny_tokens())) == BOOKS


def test_a_configuration_from_scratch_draws_no_warning_from_transformers(monkeypatch, caplog):
    monkeypatch.setattr(logging.getLogger("transformers"), "propagate", True)
    scratch_config(Scratch(max_positions=64), BOOKS, tiny_tokens())
    assert not caplog.records


def test_a_published_configuration_is_read_as_it_stands(tmp_path):
    assert (
        _published(tmp_path, rms_norm_eps=1e-3).to_diff_dict()
        == tiny_config(rms_norm_eps=1e-3).to_diff_dict()
    )


@pytest.mark.parametrize("books", [Codebooks(CODEBOOKS + 1, CODES), Codebooks(CODEBOOKS, 32)])
def test_a_model_for_another_codec_is_refused(tmp_path, books):
    tiny_config().save_pretrained(tmp_path)
    with pytest.raises(UserError, match=r"4 codebooks of 16 codes, and the codec has \d of \d+"):
        published_config(tmp_path, books, tiny_tokens())


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"codebook_size": CODES}, f"codebook_size is {CODES}.* it must be {CODES + 2}"),
        ({"vocab_size": 270}, r"vocab_size is 270, but the tokenizer has \d+ tokens"),
        ({"audio_token_id": 1}, r"audio_token_id is 1, but by the tokenizer it is \d+"),
        ({"attention_dropout": 0.1}, "attention dropout of 0.1"),
        ({"num_key_value_heads": 3}, "4 heads that share 3 heads of keys"),
        ({"tie_word_embeddings": True}, "tied embeddings"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(tmp_path, changed, said):
    with pytest.raises(UserError, match=rf"config\.json.*{said}"):
        _published(tmp_path, **changed)
