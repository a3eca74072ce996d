"""Recognisers of random weights: what they hear is nonsense, but it is heard."""

import json
import zipfile

import pytest
import torch

from engine.errors import UserError
from engine.metrics.speech_recogniser import SpeechRecognizer, check_speech_recognizer
from tests.files.test_pickles import CHAIN
from tests.metrics.judge_models import noise, write_ctc, write_whisper

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def whisper(tmp_path_factory):
    return write_whisper(tmp_path_factory.mktemp("whisper"))


@pytest.fixture(scope="module")
def ctc(tmp_path_factory):
    return write_ctc(tmp_path_factory.mktemp("ctc"))


def test_whisper_hears_letters_and_is_told_the_language(whisper):
    recogniser = SpeechRecognizer.load(whisper, "hu", CPU)
    assert recogniser.language == {"language": "hu", "task": "transcribe"}
    heard = recogniser(noise(), 16_000)
    assert heard
    assert set(heard) <= set("abcdefgh")
    assert recogniser(noise(), 16_000) == heard


def test_the_language_decides_what_whisper_hears(whisper):
    asked = []
    recogniser = SpeechRecognizer.load(whisper, "hu", CPU)
    forward = recogniser.network.model.decoder.forward
    recogniser.network.model.decoder.forward = lambda *a, **k: (
        asked.append(k["input_ids"][0].tolist()) or forward(*a, **k)
    )
    recogniser(noise(), 16_000)
    names = recogniser.tokenizer.convert_ids_to_tokens(asked[0])
    assert names[:3] == ["<|startoftranscript|>", "<|hu|>", "<|transcribe|>"]


def test_a_ctc_model_spells_what_its_network_says(ctc):
    recogniser = SpeechRecognizer.load(ctc, "hu", CPU)
    with torch.no_grad():
        recogniser.network.lm_head.weight.zero_()
        recogniser.network.lm_head.bias.copy_(torch.arange(recogniser.network.config.vocab_size))
    assert recogniser(noise(rate=22_050), 22_050) == "ő"


def test_nothing_is_heard_in_next_to_nothing(ctc):
    assert SpeechRecognizer.load(ctc, "hu", CPU)(noise(0.05), 16_000) == ""


def test_a_language_that_whisper_does_not_know_is_refused_by_looking(whisper):
    with pytest.raises(UserError, match=r"does not know the language 'te'\. It knows en, hu"):
        check_speech_recognizer(whisper, "te")


def test_an_english_whisper_is_refused_for_hungarian(tmp_path):
    write_whisper(tmp_path, languages=("en",))
    with pytest.raises(UserError, match="knows English alone, not 'hu'"):
        check_speech_recognizer(tmp_path, "hu")


def test_what_is_no_recogniser_is_refused_by_looking(tmp_path):
    with pytest.raises(UserError, match=r"nowhere is no speech recognizer: there is no config"):
        check_speech_recognizer(tmp_path / "nowhere", "hu")
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    with pytest.raises(UserError, match="of type 'bert', which is no speech recognizer"):
        check_speech_recognizer(tmp_path, "hu")
    (tmp_path / "config.json").write_text("[")
    with pytest.raises(UserError, match="holds no configuration that transformers can read"):
        check_speech_recognizer(tmp_path, "hu")


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("preprocessor_config.json", "holds no feature extractor"),
        ("vocab.json", "holds no tokenizer"),
        ("model.safetensors", "holds no weights"),
    ],
)
def test_a_folder_that_lacks_a_part_is_refused_by_looking(tmp_path, missing, said):
    write_ctc(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(UserError, match=said):
        check_speech_recognizer(tmp_path, "hu")


def test_a_folder_without_what_only_training_needs_is_heard_with(tmp_path):
    """wav2vec2's masked_spec_embed stands in for masked frames; some folders are saved without."""
    from safetensors.torch import load_file, save_file

    path = write_ctc(tmp_path) / "model.safetensors"
    weights = load_file(path)
    whole = SpeechRecognizer.load(tmp_path, "hu", CPU)(noise(), 16_000)
    del weights["wav2vec2.masked_spec_embed"]
    save_file(weights, path, metadata={"format": "pt"})
    assert SpeechRecognizer.load(tmp_path, "hu", CPU)(noise(), 16_000) == whole


def test_weights_that_would_be_made_up_are_refused(tmp_path):
    from safetensors.torch import load_file, save_file

    path = write_ctc(tmp_path) / "model.safetensors"
    kept = {n: t for n, t in load_file(path).items() if not n.startswith("lm_head")}
    save_file(kept, path, metadata={"format": "pt"})
    with pytest.raises(UserError, match="lacks 2 of the weights of a Wav2Vec2ForCTC, first lm_"):
        SpeechRecognizer.load(tmp_path, "hu", CPU)


@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
def test_a_folder_that_brings_code_is_refused_without_a_question(tmp_path, monkeypatch, name):
    folder, owned = write_ctc(tmp_path / "ctc"), tmp_path / "owned"
    (folder / "own.py").write_text(f"open({str(owned)!r}, 'w')\nclass Own: ...\n")
    facts = json.loads((folder / name).read_text())
    own = {"auto_map": {"AutoConfig": "own.Own", "AutoTokenizer": ["own.Own", None]}}
    (folder / name).write_text(json.dumps(facts | own | {"model_type": "own"}))
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("a question was asked"))
    for look in (check_speech_recognizer, lambda *of: SpeechRecognizer.load(*of, CPU)):
        with pytest.raises(UserError, match=rf"brings code of its own \({name}: auto_map"):
            look(folder, "hu")
    assert not owned.exists()


@pytest.mark.parametrize("name", ["pytorch_model.bin", "part.bin"])
def test_weights_that_would_take_for_ever_to_read_are_refused(tmp_path, name):
    folder = write_ctc(tmp_path / "ctc")
    (folder / "model.safetensors").unlink()
    if name != "pytorch_model.bin":
        index = {"metadata": {}, "weight_map": {"lm_head.weight": name}}
        (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    with zipfile.ZipFile(folder / name, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}" + CHAIN[2:] + b"K\x01s.")
    with pytest.raises(UserError, match=f"{name} is damaged or malicious"):
        SpeechRecognizer.load(folder, "hu", CPU)
