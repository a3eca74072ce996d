import json
import re

import numpy as np
import pytest
import soundfile
import torch
from transformers import AutoModel, AutoProcessor, HiggsAudioV2ForConditionalGeneration

from engine.errors import UserError
from engine.systems.codec_lm.files import export
from engine.systems.codec_lm.files.export import Parts, export_folder
from engine.systems.codec_lm.files.verify import generate_some
from tests.systems.codec_lm.tiny_higgs import (
    CODEBOOKS,
    RATE_HZ,
    tiny_config,
    tiny_model,
    tiny_tokens,
    write_codec,
)

FACTS = {"weights_license": "some licence", "recipe": "toy"}
GENERATION = {"do_sample": True, "temperature": 0.9, "top_k": 8, "max_new_tokens": 40}


@pytest.fixture(scope="module")
def codec(tmp_path_factory):
    folder = tmp_path_factory.mktemp("codec") / "codec"
    write_codec(folder)
    return folder


@pytest.fixture(scope="module")
def model():
    return tiny_model()


def parts(codec, **changed):
    given = {"codec_folder": codec, "generation": GENERATION, "facts": FACTS}
    return Parts(**{"tokenizer": tiny_tokens().content, **given, **changed})


@pytest.fixture(scope="module")
def exported(codec, model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model") / "export"
    export_folder(folder, model, parts(codec))
    return folder


def loaded(folder):
    return HiggsAudioV2ForConditionalGeneration.from_pretrained(
        folder, use_text_head=True, local_files_only=True
    )


def test_transformers_loads_the_folder_with_its_text_head_bit_for_bit(exported, model):
    found, wanted = loaded(exported).state_dict(), model.state_dict()

    assert found.keys() == wanted.keys()
    assert all(torch.equal(found[name], value) for name, value in wanted.items())
    assert "text_lm_head.weight" in found


def test_what_is_loaded_generates_the_same_codes_with_the_same_seed(exported, model):
    theirs = loaded(exported)

    ours = generate_some(model, theirs.generation_config)

    assert torch.equal(generate_some(theirs, theirs.generation_config), ours)
    assert len(ours[0].unique()) > 4, "it draws codes, and not one code over and over"


def test_the_generation_config_has_what_the_released_model_has_and_the_recipes_settings(exported):
    said = json.loads((exported / "generation_config.json").read_text())

    config = tiny_config()
    wanted = {"ras_win_len": 7, "ras_win_max_num_repeat": 2, "use_text_head": True, **GENERATION}
    wanted |= {"eos_token_id": config.eos_token_id, "pad_token_id": config.pad_token_id}
    assert {name: said[name] for name in wanted} == wanted


def test_the_readme_speaks(exported, tmp_path, monkeypatch):
    code = "\n".join(re.findall(r"^    (.*)$", (exported / "README.md").read_text(), re.M))
    noise = np.random.default_rng(0).standard_normal(RATE_HZ // 4) * 0.1
    soundfile.write(tmp_path / "reference.wav", noise, RATE_HZ)
    monkeypatch.chdir(tmp_path)

    exec(code, {"folder": str(exported)})

    audio, rate = soundfile.read("said.wav")
    assert rate == RATE_HZ
    assert len(audio) > 0


def test_a_codec_with_more_codebooks_than_the_model_has_gets_no_processor_and_says_why(
    model, tmp_path
):
    write_codec(tmp_path / "codec", CODEBOOKS + 1)

    export_folder(tmp_path / "export", model, parts(tmp_path / "codec"))

    assert not (tmp_path / "export/processor_config.json").exists()
    assert "all 5 codebooks" in (tmp_path / "export/README.md").read_text()
    assert (
        "all 5 codebooks"
        in json.loads((tmp_path / "export/codec_lm.json").read_text())["processor"]
    )
    AutoModel.from_pretrained(tmp_path / "export/codec", local_files_only=True)


def test_the_processor_gives_the_tokens_and_codes_that_the_chat_has(exported, codec):
    theirs = AutoModel.from_pretrained(codec, local_files_only=True)
    processor = AutoProcessor.from_pretrained(exported, audio_tokenizer=theirs)
    print(processor)
