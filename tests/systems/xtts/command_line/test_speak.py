"""`cantus speak` with a small GPT as its recipe leaves it: no corpus, no build folder."""

import shutil

import numpy as np
import pytest
import soundfile
import torch
from attrs import evolve

from engine.recipe import to_toml
from engine.systems.xtts.command_line import speak as module
from engine.systems.xtts.files.export import export_xtts
from engine.systems.xtts.network.vocoder import HifiDecoder, VocoderSettings
from engine.systems.xtts.recipe import Speech
from engine.systems.xtts.speech.exported import read_exported
from engine.systems.xtts.speech.split_text import num_cut
from engine.systems.xtts.speech.text_to_file import speakable
from tests.systems.xtts.small_project import PARAMS, RATE, SMALL

CPU = torch.device("cpu")
TEXT = "Jó napot! Szép az idő. Megy a vonat."


@pytest.fixture
def system(make_xtts):
    return make_xtts()


@pytest.fixture
def project(tmp_path, monkeypatch, system):
    """What training leaves of a recipe "small", and a recording of a voice."""
    root = tmp_path / "project"
    model = root / "models" / "small"
    system.export(model / "export")
    (model / "recipe.toml").write_text(to_toml(system.recipe), encoding="utf-8")
    (root / "recipes").mkdir()
    (root / "params.toml").write_text(PARAMS)
    voice = np.random.default_rng(1).normal(0, 0.1, 2 * RATE)
    soundfile.write(root / "voice.wav", voice, RATE)
    monkeypatch.chdir(root)
    return root


@pytest.fixture
def speak(cantus, project):
    """Speak with the voice of the recording."""

    def run(*words):
        return cantus("speak", "small", "--voice", "voice.wav", *words)

    return run


def wavs(project):
    return sorted(path.name for path in project.glob("*.wav") if path.name != "voice.wav")


def refused(answer, project, said):
    assert (answer.code, answer.out) == (2, "")
    assert said in answer.error
    assert "Traceback" not in answer.error
    assert [path.name for path in project.rglob("*.wav*")] == ["voice.wav"]


def test_a_text_is_spoken_by_sentences_and_the_same_seed_gives_the_same_file(speak, project):
    answer = speak(TEXT, "--output", "one.wav")
    assert answer.code == 0, answer.error
    assert "text: 3 sentences; left out, not in the vocabulary: ! .\n" in answer.out
    assert "seed 1\n" in answer.out
    speak(TEXT, "--output", "again.wav")
    speak(TEXT, "--output", "two.wav", "--seeds", "2")
    one, again, two = ((project / f"{name}.wav").read_bytes() for name in ("one", "again", "two"))
    assert one == again != two
    audio = soundfile.info(project / "one.wav")
    assert (audio.samplerate, audio.channels, audio.subtype) == (RATE, 1, "PCM_16")


def test_the_pieces_of_a_text_are_those_it_would_be_alone_with_pauses_between(speak, project):
    speak(TEXT, "--output", "all.wav")
    parts = []
    for number, sentence in enumerate(("Jó napot!", "Szép az idő.", "Megy a vonat.")):
        speak(sentence, "--output", f"{number}.wav")
        parts += [soundfile.read(project / f"{number}.wav", dtype="int16")[0]]
        parts += [np.zeros(round(0.25 * RATE), np.int16)]
    assert np.array_equal(
        soundfile.read(project / "all.wav", dtype="int16")[0], np.concatenate(parts[:-1])
    )


def test_an_exported_model_speaks_as_the_system_it_was_exported_from(system, project):
    exported = read_exported(project / "models/small/export", system.recipe.speech, CPU)
    reference = system.eval_clips.audio(0)
    found = []
    for reader in (system.reader(), exported.reader):
        tokens = exported.tokenizer.encode("szép az idő", "hu")
        found.append(reader.read("szép az idő", tokens, reader.voice(reference), 1).spoken)
    assert torch.equal(found[0].codes, found[1].codes)
    assert torch.equal(found[0].waveform, found[1].waveform)


def test_several_seeds_make_several_files(speak, project):
    answer = speak("Jó napot!", "--output", "out/s.wav", "--seeds", "1,2")
    assert sorted(path.name for path in (project / "out").iterdir()) == [
        "s_seed1.wav",
        "s_seed2.wav",
    ]
    assert answer.out.count("s at 22,050 Hz") == 2


def test_a_file_is_spoken_and_its_long_sentences_are_cut_and_counted(
    speak, project, system, monkeypatch
):
    monkeypatch.setattr(module, "_speak", lambda *_: None)  # 40 s of an untrained GPT
    long = "jó napot, " * 30
    (project / "lines.txt").write_text(f"Szép az idő.\r\n{long}\n", encoding="utf-8-sig")
    answer = speak("--text-file", "lines.txt")
    assert answer.code == 0, answer.error
    assert "text: 2 sentences, 1 of them too long for the model and split: " in answer.out
    exported = read_exported(project / "models/small/export", Speech(), CPU)
    limits = evolve(system.recipe.dataset, max_seconds=2.0)
    pieces = speakable(long, exported, "hu", limits).pieces
    assert num_cut(pieces) == 1
    most = 2.0 * RATE / 1024 / system.codes_per_character
    assert most / 2 < max(len(piece.text) for piece in pieces) <= most


def test_options_take_the_place_of_the_recipes_sampling(speak, project):
    speak("Jó napot!", "--output", "own.wav")
    speak("Jó napot!", "--output", "cold.wav", "--top-k", "1", "--repetition-penalty", "1")
    speak("Jó napot!", "--output", "cold2.wav", "--top-k", "1", "--repetition-penalty", "1",
          "--seeds", "7")  # fmt: skip
    own, cold, other = ((project / f"{n}.wav").read_bytes() for n in ("own", "cold", "cold2"))
    assert own != cold == other, "the likeliest code, whatever the seed"


def test_without_a_voice_that_of_the_first_sample_is_taken(cantus, project):
    answer = cantus("speak", "small", "Jó napot!")
    refused(answer, project, "holds no sample whose voice could be used: give --voice")
    sample = project / "models/small/samples/final/01_anna/original.wav"
    sample.parent.mkdir(parents=True)
    shutil.copy(project / "voice.wav", sample)
    answer = cantus("speak", "small", "Jó napot!")
    assert answer.code == 0, answer.error
    assert "voice: models/small/samples/final/01_anna/original.wav\n" in answer.out
    assert wavs(project) == ["speech.wav"]


def test_what_exists_is_overwritten_only_by_force(speak, project):
    (project / "speech.wav").write_text("mine")
    answer = speak("Jó napot!")
    assert (answer.code, "speech.wav exists already: --force" in answer.error) == (2, True)
    assert (project / "speech.wav").read_text() == "mine"
    assert speak("Jó napot!", "--force").code == 0
    assert soundfile.info(project / "speech.wav").frames > 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["Привет, jó щ"], "vocabulary lacks п р и в е т щ, first in 'Привет, jó щ'"),
        ([""], "There is nothing to speak"),
        ([" ... \n!"], "There is nothing to speak"),
        (["Szia!", "--language", "de"], "The model speaks hu, not 'de'"),
        (["Szia!", "--language", "?"], "'?' is not the code of a language"),
        (["Szia!", "--output", "speech.mp3"], "must end in .wav"),
        (["Szia!", "--seeds", "1,1"], "a seed is given twice"),
        (["Szia!", "--seeds", "one"], "give whole numbers"),
        (["Szia!", "--text-file", "params.toml"], "one of the two"),
        ([], "one of the two"),
        (["--text-file", "nowhere.txt"], "There is no file nowhere.txt"),
        (["--text-file", "voice.wav"], "is not in UTF-8"),
        (["Szia!", "--voice", "nowhere.wav"], "no file nowhere.wav to take a voice from"),
        (["Szia!", "--temperature", "0"], "--temperature"),
    ],
)
def test_what_cannot_be_spoken_is_refused_with_nothing_written(speak, project, words, said):
    refused(speak(*words), project, said)


def test_what_is_no_trained_model_is_said(cantus, project, system):
    refused(cantus("speak", "nobody", "Szia!"), project, "There is no recipe 'nobody'")
    (project / "recipes/later.toml").write_text(to_toml(evolve(system.recipe, name="later")))
    answer = cantus("speak", "later", "Szia!", "--voice", "voice.wav")
    refused(answer, project, "'later' is not trained: run 'dvc repro later' first")
    (project / "models/small/export/centroids.safetensors").unlink()
    answer = cantus("speak", "small", "Szia!", "--voice", "voice.wav")
    refused(answer, project, "holds neither a vocoder nor centroids.safetensors")


def test_damaged_files_are_named(cantus, project):
    for name in ("centroids.safetensors", "model.pth", "vocab.json", "config.json", "xtts.json"):
        path = project / "models/small/export" / name
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        answer = cantus("speak", "small", "Szia!", "--voice", "voice.wav")
        refused(answer, project, name)
        path.write_bytes(whole)


def test_a_folder_of_weights_with_a_vocoder_speaks_through_it(cantus, project, system):
    """As published and fine-tuned models are: at the vocoder's rate, in the speaker's voice."""
    torch.manual_seed(2)
    export_xtts(
        project / "voiced",
        system.module.network.state_dict(),
        HifiDecoder(VocoderSettings(latent_dim=SMALL.dim)).state_dict(),
        system.assets.mel_stats,
        project / "models/small/export/vocab.json",
        system.assets.config,
        {"weights_license": "mine"},
    )
    answer = cantus("speak", "voiced", "Jó!", "--voice", "voice.wav")
    assert answer.code == 0, answer.error
    assert "s at 24,000 Hz, seed 1" in answer.out
    assert soundfile.info(project / "speech.wav").samplerate == 24_000
