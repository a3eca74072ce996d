import json

import pytest

from engine.errors import UserError
from engine.systems.codec_lm.higgs.folder import legacy_config, read_config
from tests.systems.codec_lm.tiny_higgs import tiny_config


def written(folder, content):
    (folder / "config.json").write_text(json.dumps(content))
    return folder


def without_version(config):
    return {name: value for name, value in config.to_dict().items() if "version" not in name}


def test_a_configuration_is_read_as_it_was_written(tmp_path):
    config = tiny_config(rms_norm_eps=1e-4)
    config.save_pretrained(tmp_path)

    found, is_legacy = read_config(tmp_path)

    assert without_version(found) == without_version(config)
    assert not is_legacy


@pytest.mark.parametrize(
    "changed", [{}, {"rope_parameters": {"rope_type": "default", "rope_theta": 9e3}}]
)
def test_a_configuration_of_the_legacy_layout_says_the_same(tmp_path, changed):
    config = tiny_config(num_hidden_layers=3, rms_norm_eps=1e-4, **changed)

    found, is_legacy = read_config(written(tmp_path, legacy_config(config)))

    assert is_legacy
    assert without_version(found) == without_version(config)


def test_what_the_released_legacy_configuration_leaves_out_is_llamas(tmp_path):
    content = legacy_config(tiny_config())
    for name in ("audio_delay_token_id", "eos_token_id", "bos_token_id"):
        del content[name]
    for name in ("hidden_act", "attention_bias", "mlp_bias", "rms_norm_eps"):
        del content["text_config"][name]

    found, _ = read_config(written(tmp_path, content))

    assert (found.audio_delay_token_id, found.eos_token_id) == (128014, 128009)
    assert (found.hidden_act, found.rms_norm_eps) == ("silu", 1e-6)


def test_entries_that_might_name_code_or_another_way_to_compute_are_passed_over(tmp_path):
    content = tiny_config().to_dict()
    content |= {"auto_map": {"AutoModel": "theirs.Model"}, "_attn_implementation": "their/kernel"}

    found, _ = read_config(written(tmp_path, content))

    assert not hasattr(found, "auto_map")
    assert found._attn_implementation != "their/kernel"


def wrong(**changed):
    return {**tiny_config().to_dict(), **changed}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (wrong(model_type="llama"), "of type 'llama', and Higgs Audio v2 is of type"),
        ({}, "of type 'None'"),
        ([1], "does not hold a JSON object"),
        (wrong(codebook_size=16), "codebook_size is 16, .* it must be 18.* IndexError"),
        (wrong(audio_stream_bos_id=17, audio_stream_eos_id=16), "the last two entries of 18"),
        (wrong(hidden_size="wide"), "transformers cannot make a configuration"),
        (wrong(num_attention_heads=5), "transformers cannot make a configuration"),
    ],
)
def test_a_fault_is_told(tmp_path, content, said):
    with pytest.raises(UserError, match=said):
        read_config(written(tmp_path, content))


def test_a_folder_without_a_configuration_says_how_to_get_one(tmp_path):
    with pytest.raises(UserError, match="cantus fetch higgs_audio_v2"):
        read_config(tmp_path)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"audio_dual_ffn_layers": [0]}, "does not name all 2 layers"),
        ({"text_config": None}, "transformers cannot make a configuration"),
        ({"audio_num_codebooks": None}, "transformers cannot make a configuration"),
    ],
)
def test_a_legacy_folder_that_cannot_be_converted_says_why(tmp_path, changed, said):
    with pytest.raises(UserError, match=said):
        read_config(written(tmp_path, legacy_config(tiny_config()) | changed))
