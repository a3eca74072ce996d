import json
import re
import shutil

import numpy as np
import pytest
import soundfile
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModel,
    DacModel,
    HiggsAudioV2ForConditionalGeneration,
    HiggsAudioV2Processor,
)

from engine.analysis.codec.open_codec import open_codec
from engine.errors import UserError
from engine.systems.codec_lm.files import export
from engine.systems.codec_lm.files.export import Parts, export_folder
from engine.systems.codec_lm.files.plain_model import plain_model
from engine.systems.codec_lm.files.published import load_published
from engine.systems.codec_lm.files.verify import generate_some
from engine.systems.codec_lm.higgs.chat import HiggsChat
from engine.systems.codec_lm.higgs.folder import read_config
from engine.systems.codec_lm.higgs.keys import to_legacy
from engine.systems.codec_lm.sequence.codebooks import Codebooks
from tests.systems.codec_lm.sequence_ids import input_ids
from tests.systems.codec_lm.tiny_higgs import (
    CODEBOOKS,
    CODES,
    HOP,
    RATE_HZ,
    tiny_config,
    tiny_model,
    tiny_tokens,
    write_codec,
)

FACTS = {"weights_license": "some licence", "instruction": 'Say "it" {so}.'}
GENERATION = {"do_sample": True, "temperature": 0.9, "top_k": 8, "max_new_tokens": 40}
GENERATION |= {"ras_win_len": 7, "ras_win_max_num_repeat": 2}


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


def test_a_codec_of_read_only_files_is_copied_into_a_folder_that_can_be_written(
    codec, model, tmp_path
):
    read_only = tmp_path / "codec"
    shutil.copytree(codec, read_only)
    for path in read_only.iterdir():
        path.chmod(0o444)
    export_folder(tmp_path / "export", model, parts(read_only))
    assert all(path.stat().st_mode & 0o200 for path in (tmp_path / "export/codec").iterdir())


def test_the_exported_codec_is_the_codec_that_was_given(exported, codec):
    assert open_codec(exported / "codec").digest == open_codec(codec).digest


def test_what_is_loaded_generates_the_same_codes_with_the_same_seed(exported, model):
    theirs = loaded(exported)

    ours, found = (generate_some(each, theirs.generation_config) for each in (model, theirs))

    assert torch.equal(found.columns, ours.columns)
    assert torch.allclose(found.logits, ours.logits, atol=1e-6)
    assert len(ours.columns.unique()) > 4, "it draws codes, and not one code over and over"


def test_the_generation_config_has_the_recipes_settings_and_the_marks(exported):
    said = json.loads((exported / "generation_config.json").read_text())

    config = tiny_config()
    wanted = {"use_text_head": True, **GENERATION}
    wanted |= {"eos_token_id": config.eos_token_id, "pad_token_id": config.pad_token_id}
    assert {name: said[name] for name in wanted} == wanted


def test_the_readme_speaks(exported, tmp_path, monkeypatch):
    code = "\n".join(re.findall(r"^    (.*)$", (exported / "README.md").read_text(), re.M))
    noise = np.random.default_rng(0).standard_normal(RATE_HZ // 4) * 0.1
    soundfile.write(tmp_path / "reference.wav", noise, RATE_HZ)
    monkeypatch.chdir(tmp_path)

    with torch.random.fork_rng():
        torch.manual_seed(2)  # the tiny model has learned nothing, and often ends at once
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


def test_the_processor_writes_the_chat_that_the_model_was_trained_on(exported):
    codec = DacModel.from_pretrained(exported / "codec", local_files_only=True)
    processor = HiggsAudioV2Processor.from_pretrained(
        exported, audio_tokenizer=codec, local_files_only=True
    )
    codebooks = Codebooks(CODEBOOKS, CODES)
    chat = HiggsChat(tiny_tokens(), codebooks, "Speak.")
    noise = np.random.default_rng(0).standard_normal(10 * HOP).astype(np.float32)
    texts = ["one  two", "three, four"]

    theirs = processor.apply_chat_template(
        [
            {"role": "system", "content": "Speak."},
            {"role": "user", "content": texts[0]},
            {"role": "assistant", "content": [{"type": "audio", "audio": noise}]},
            {"role": "user", "content": [{"type": "text", "text": texts[1]}]},
        ],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        processor_kwargs={"return_tensors": "pt", "sampling_rate": RATE_HZ},
    )

    codes = processor.audio_tokenizer.encode(torch.tensor(noise)[None, None]).audio_codes[0].T
    assert codes.shape == (10, CODEBOOKS)
    reference, text = (torch.tensor(tiny_tokens().encode(one)) for one in texts)
    pieces = chat.pieces(text, reference, codes, None)
    assert theirs["input_ids"].tolist() == [input_ids(chat, pieces).tolist()]
    assert torch.equal(theirs["audio_input_ids"][0], pieces[1].columns)


def test_the_weights_keep_their_type_and_are_cut_into_files(codec, tmp_path):
    model = tiny_model().bfloat16()

    export_folder(tmp_path / "export", model, parts(codec, largest_file="20KB"))

    found = HiggsAudioV2ForConditionalGeneration.from_pretrained(
        tmp_path / "export", use_text_head=True, local_files_only=True
    )
    assert {value.dtype for value in found.state_dict().values()} == {torch.bfloat16}
    files = [path.stat().st_size for path in (tmp_path / "export").glob("model-*.safetensors")]
    assert len(files) > 2
    assert max(files) < 30_000


def test_weights_of_several_types_become_those_of_the_commonest(model):
    state = {name: value.bfloat16() for name, value in model.state_dict().items()}
    state["model.norm.weight"] = model.model.norm.weight.detach()

    plain = plain_model(model.config, state)

    assert {value.dtype for value in plain.state_dict().values()} == {torch.bfloat16}
    heads = plain.audio_lm_head.weight, state["audio_lm_head.weight"]
    assert heads[0].data_ptr() == heads[1].data_ptr(), "no second copy is made"


def test_the_legacy_layout_is_written_beside_where_it_is_asked_for(codec, model, tmp_path):
    export_folder(tmp_path / "export", model, parts(codec, legacy_layout=True))

    legacy = tmp_path / "export/legacy"
    said, config = read_config(legacy)[0].to_dict(), model.config.to_dict()
    assert {name for name in config if said[name] != config[name]} == {"architectures", "dtype"}
    state = load_file(legacy / "model.safetensors")
    assert state.keys() == to_legacy(model.state_dict()).keys()
    other = tiny_model()
    with torch.no_grad():
        for value in other.parameters():
            value.zero_()
    assert "renamed from the layout" in load_published(other, legacy / "model.safetensors")
    assert all(map(torch.equal, other.state_dict().values(), model.state_dict().values()))
    assert (legacy / "tokenizer.json").read_text() == (legacy.parent / "tokenizer.json").read_text()


def test_no_legacy_layout_is_written_where_it_is_not_asked_for(exported):
    assert not (exported / "legacy").exists()
    assert not (exported / "adapters").exists()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("weights", r"has other values, or NaN, in 1 tensors, first audio_lm_head.weight"),
        ("rope", r"generates (other codes|logits that differ)"),
    ],
)
def test_what_does_not_come_back_as_it_was_is_not_put_in_place(
    codec, model, tmp_path, monkeypatch, spoil, said
):
    (tmp_path / "export").mkdir()
    (tmp_path / "export/before").touch()
    write = export._write_model

    def spoiled(folder, model, parts):
        write(folder, model, parts)
        if spoil == "weights":
            state = load_file(folder / "model.safetensors")
            state["audio_lm_head.weight"][0, 0] += 1e-3
            save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
        else:
            config = json.loads((folder / "config.json").read_text())
            config["rope_parameters"] = {"rope_type": "default", "rope_theta": 10.0}
            (folder / "config.json").write_text(json.dumps(config))

    monkeypatch.setattr(export, "_write_model", spoiled)

    with pytest.raises(UserError, match=said):
        export_folder(tmp_path / "export", model, parts(codec))

    assert [path.name for path in tmp_path.iterdir()] == ["export"]
    assert [path.name for path in (tmp_path / "export").iterdir()] == ["before"]


def test_the_model_is_left_as_it_was(codec, tmp_path):
    model = tiny_model().train()
    own, random = model.generation_config, torch.get_rng_state()

    export_folder(tmp_path / "export", model, parts(codec))

    assert model.training
    assert model.generation_config is own
    assert torch.equal(torch.get_rng_state(), random)
