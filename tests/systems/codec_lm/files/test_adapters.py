import json
import re

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import HiggsAudioV2ForConditionalGeneration

from engine.nn.adapters import adapt, merged
from engine.systems.codec_lm.files.export import Parts, export_folder
from engine.systems.codec_lm.files.plain_model import plain_model
from tests.systems.codec_lm.tiny_higgs import tiny_model, tiny_tokens, write_codec, write_published

ADAPTED = re.compile(r".*layers\.\d+\.(self_attn\.[qkvo]_proj|audio_mlp\.(gate|up|down)_proj)")


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    folder = tmp_path_factory.mktemp("base") / "base"
    write_published(folder)
    return folder


@pytest.fixture(scope="module")
def adapted():
    """A model with adapters that have learned something."""
    model = tiny_model()
    names = [name for name, _ in model.named_modules() if ADAPTED.fullmatch(name)]
    assert len(names) == 2 * 7
    adapt(model, names, rank=3, alpha=6.0)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if ".lora_B." in name:
                value.normal_(std=0.2)
    return model.eval()


@pytest.fixture(scope="module")
def exported(adapted, base, tmp_path_factory):
    root = tmp_path_factory.mktemp("adapted")
    write_codec(root / "codec")
    state = adapted.state_dict()
    parts = Parts(
        tokenizer=tiny_tokens().content,
        codec_folder=root / "codec",
        generation={},
        facts={"weights_license": "some licence"},
        adapters=state,
        adapted=str(base),
        legacy_layout=True,
    )
    export_folder(root / "export", plain_model(adapted.config, merged(state)), parts)
    return root / "export"


def logits(model):
    """Of a text, and of a clip that follows it: both experts."""
    config = model.config
    ids = torch.tensor([[20, 21, 22, *[config.audio_token_id] * 9]])
    codes = torch.arange(9 * config.num_codebooks).reshape(1, 9, -1) % config.codebook_size
    mask = torch.ones(1, 9, dtype=torch.bool)
    with torch.no_grad():
        return model(input_ids=ids, audio_input_ids=codes, audio_input_ids_mask=mask).logits


def test_peft_loads_the_adapters_on_the_base_with_no_difference(exported, adapted, base):
    network = HiggsAudioV2ForConditionalGeneration.from_pretrained(
        base, use_text_head=True, local_files_only=True
    )
    before = logits(network)

    theirs = PeftModel.from_pretrained(network, exported / "adapters", local_files_only=True)

    assert torch.equal(logits(theirs), logits(adapted))
    assert not torch.allclose(logits(theirs), before, atol=1e-3)


def test_the_exported_weights_have_them_merged(exported, adapted):
    network = HiggsAudioV2ForConditionalGeneration.from_pretrained(
        exported, use_text_head=True, local_files_only=True
    )

    assert torch.allclose(logits(network), logits(adapted), atol=1e-5)
    assert not any("lora" in name for name in network.state_dict())


def test_the_legacy_layouts_adapters_have_its_names(exported):
    names = set(load_file(exported / "adapters/adapter_model.safetensors"))
    legacy = set(load_file(exported / "legacy/adapters/adapter_model.safetensors"))

    assert "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight" in names
    assert legacy == {name.replace(".model.model.", ".model.") for name in names}


def test_the_card_and_the_readme_say_what_they_belong_to(exported, base):
    config = json.loads((exported / "adapters/adapter_config.json").read_text())

    assert config["base_model_name_or_path"] == str(base)
    assert (config["r"], config["lora_alpha"]) == (3, 6.0)
    assert str(base) in (exported / "README.md").read_text()
