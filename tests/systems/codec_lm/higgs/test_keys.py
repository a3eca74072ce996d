import pytest
import torch

from engine.systems.codec_lm.higgs.keys import from_legacy, is_legacy, to_legacy, without_copies
from tests.systems.codec_lm.tiny_higgs import tiny_model


@pytest.fixture(scope="module")
def state():
    return tiny_model().state_dict()


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_the_legacy_layout_is_a_change_of_names_and_its_reverse_gives_the_same_weights(state):
    legacy = to_legacy(state)

    assert same(from_legacy(legacy), state)
    assert is_legacy(legacy)
    assert not is_legacy(state)
    assert len(legacy) == len(state)


def test_the_names_are_those_of_the_legacy_layout(state):
    legacy = to_legacy(state)

    places = {name.split(".")[0] for name in legacy}
    assert places == {
        "audio_codebook_embeddings",
        "audio_decoder_proj",
        "embed_tokens",
        "layers",
        "norm",
    }
    assert "audio_decoder_proj.text_lm_head.weight" in legacy
    assert "audio_codebook_embeddings.weight" in legacy
    assert "layers.1.audio_post_attention_layernorm.weight" in legacy


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("embed_tokens", "embedding"),
        ("audio_decoder_proj.audio_lm_head", "linear"),
        ("audio_decoder_proj.text_lm_head", "linear"),
    ],
)
def test_rows_that_were_kept_and_rows_that_were_trained_are_one_weight_again(state, name, part):
    legacy = to_legacy(state)
    whole = legacy.pop(f"{name}.weight")
    # In a file the tensors stand in the order of their names, or in any other.
    legacy[f"{name}.{part}_trainable.weight"] = whole[5:]
    legacy[f"{name}.{part}_frozen.weight"] = whole[:5]

    assert same(from_legacy(legacy), state)


def test_half_a_weight_keeps_its_name_so_that_the_fault_can_be_told(state):
    legacy = to_legacy(state)
    legacy["embed_tokens.embedding_frozen.weight"] = legacy.pop("embed_tokens.weight")

    found = from_legacy(legacy)

    assert "model.embed_tokens.weight" not in found
    assert "model.embed_tokens.embedding_frozen.weight" in found


def test_tables_that_are_no_weights_are_left_out(state):
    legacy = to_legacy(state)
    legacy["audio_codebook_weights"] = torch.ones(4)
    legacy["rotary_emb.inv_freq"] = torch.ones(4)

    assert same(from_legacy(legacy), state)


def test_second_copies_of_heads_are_left_out_and_a_head_that_is_there_once_is_not(state):
    copy = {**state, "audio_decoder_proj.text_lm_head.weight": state["text_lm_head.weight"]}
    moved = dict(copy)
    del moved["text_lm_head.weight"]

    assert same(without_copies(copy), state)
    assert same(without_copies(moved), moved)
