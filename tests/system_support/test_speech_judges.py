from importlib.metadata import version

import pytest
import torch

from engine.errors import UserError
from engine.project import Project
from engine.recipe.params import SpeechEvaluation
from engine.system_support.speech_judges import SpeechJudges
from tests.metrics.judge_models import noise, write_ctc, write_speaker_encoder

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with a recogniser that hears "ő" in everything, and a speaker encoder."""
    from safetensors.torch import load_file, save_file

    root = tmp_path_factory.mktemp("project")
    path = write_ctc(root / "published/ctc") / "model.safetensors"
    weights = load_file(path)
    weights["lm_head.weight"].zero_()
    weights["lm_head.bias"] = torch.arange(len(weights["lm_head.bias"]), dtype=torch.float32)
    save_file(weights, path, metadata={"format": "pt"})
    write_speaker_encoder(root / "published/speaker")
    return Project(root)


BOTH = SpeechEvaluation(speech_recogniser="published/ctc", speaker_encoder="published/speaker")


def test_what_is_heard_becomes_rates_and_words(project):
    ears = SpeechJudges.of(BOTH, project, "hu").load(CPU).for_voice(noise(), 16_000)
    heard = ears.score(noise(), 16_000, "Ő, ő!")
    assert heard.figures["wer"] == 0.5
    assert heard.figures["cer"] == pytest.approx(2 / 3)
    assert heard.figures["similarity"] == pytest.approx(1.0, abs=1e-5)
    assert heard.notes == ("recognized: ő (WER 50%, CER 67%)", "voice alike: 1.00")


def test_silence_of_no_length_is_neither_heard_nor_alike(project):
    ears = SpeechJudges.of(BOTH, project, "hu").load(CPU).for_voice(noise(), 16_000)
    heard = ears.score(noise(0.0), 16_000, "ő")
    assert heard.figures == {"wer": 1.0, "cer": 1.0, "similarity": 0.0}
    assert heard.notes[0] == "recognized: nothing (WER 100%, CER 100%)"


def test_a_text_without_words_has_no_error_rate(project):
    ears = SpeechJudges.of(BOTH, project, "hu").load(CPU).for_voice(noise(), 16_000)
    assert ears.score(noise(), 16_000, "...").figures.keys() == {"similarity"}


def test_without_speech_judges_nothing_is_heard_and_it_is_known_what_is_missing(project):
    nobody = SpeechJudges.of(SpeechEvaluation(), project, "hu")
    assert nobody.units(16_000) == {}
    assert nobody.figures == set()
    assert nobody.missing().keys() == {"wer", "cer", "similarity"}
    assert nobody.load(CPU).for_voice(noise(), 16_000).score(noise(), 16_000, "ő").figures == {}


def test_other_files_of_a_model_have_another_digest(project):
    before = SpeechJudges.of(BOTH, project, "hu").units(16_000)
    path = project.root / "published/ctc/preprocessor_config.json"
    kept = path.read_text()
    path.write_text(kept + "\n")
    after = SpeechJudges.of(BOTH, project, "hu").units(16_000)
    path.write_text(kept)
    assert after["wer"].weights == after["cer"].weights != before["wer"].weights
    assert after["similarity"] == before["similarity"]


def test_a_unit_names_language_library_and_resampler(project):
    units = SpeechJudges.of(BOTH, project, "hu").units(22_050)
    assert units["wer"].language == "hu"
    assert units["similarity"].language == ""
    assert units["wer"].programs == {"transformers": version("transformers")}
    assert units["wer"].resampler.startswith("soxr ")
    assert SpeechJudges.of(BOTH, project, "hu").units(16_000)["wer"].resampler == ""


def test_a_folder_that_is_not_there_is_refused_at_once(project):
    with pytest.raises(UserError, match="is no speaker encoder: there is no config"):
        SpeechJudges.of(SpeechEvaluation(speaker_encoder="nowhere"), project, "hu")
