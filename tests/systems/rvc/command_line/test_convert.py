import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import soundfile
import torch
from attrs import evolve

from engine.analysis.pitch.fcpe import Fcpe
from engine.recipe import to_toml
from engine.systems.rvc.dataset_table import ContentVec, NoPitch, Rmvpe
from engine.systems.rvc.index.build import write_index
from engine.systems.rvc.notes import PitchNote
from tests.systems.rvc.command_line.exported import (
    CONTENT,
    NOTE,
    RATE,
    RECIPE,
    refused,
    spoken,
    train,
)


@pytest.fixture
def index(project):
    return train(project)


def test_a_file_is_converted_to_a_trained_voice(cantus, project, index, wav):
    told = cantus("convert", "small", wav, "out.wav")
    assert (told.code, told.error) == (0, "")
    assert "out.wav: 0.6 s at 16,000 Hz" in told.out
    made, rate = soundfile.read("out.wav")
    assert (rate, made.shape, soundfile.info("out.wav").subtype) == (RATE, (9600,), "PCM_16")
    assert np.abs(made).max() > 0.01


def test_options_change_what_is_made_and_a_seed_gives_it_again(cantus, project, index, wav):
    made = {}
    for options in (
        "",
        "--seed 0",
        "--seed 1",
        "--transpose 12",
        "--index-rate 0",
        "--index-rate 1 --protect 0.5",
        "--volume-mix 1",
        "--speaker bela",
        "--speaker 1",
        "--pitch fcpe",
    ):
        assert cantus("convert", "small", wav, "out.wav", "--force", *options.split()).code == 0
        made[options] = soundfile.read("out.wav")[0]
    assert np.array_equal(made.pop(""), made["--seed 0"])
    assert np.array_equal(made.pop("--speaker 1"), made["--speaker bela"])
    different = {samples.tobytes() for samples in made.values()}
    assert len(different) == len(made) == 8


def test_the_pitch_is_moved_to_that_of_the_voice(cantus, project, index, wav):
    told = cantus("convert", "small", wav, "out.wav", "--auto-transpose")
    assert "0.6 s at 16,000 Hz, +12 semitones" in told.out
    moved = soundfile.read("out.wav")[0]
    cantus("convert", "small", wav, "out.wav", "--transpose", "12", "--force")
    assert np.array_equal(moved, soundfile.read("out.wav")[0])


def test_channels_are_mixed_with_a_note_and_floats_written_where_asked_for(cantus, project, index):
    soundfile.write("in.flac", np.stack([spoken(), 0 * spoken()], 1), 8000)
    told = cantus("convert", "small", "in.flac", "made", "--float")
    assert "made/in.wav: 1.2 s at 16,000 Hz, its 2 channels were mixed" in told.out
    assert soundfile.info("made/in.wav").subtype == "FLOAT"


@pytest.fixture
def recordings(project):
    folder = project / "recordings"
    (folder / "inner").mkdir(parents=True)
    for name in ("a.wav", "b.wav", "inner/a.wav"):
        soundfile.write(folder / name, spoken(), RATE)
    return folder


def test_a_folder_goes_on_where_it_stopped(cantus, project, index, recordings):
    assert cantus("convert", "small", "recordings", "made").code == 0
    names = ["a.wav", "b.wav", "inner/a.wav"]
    before = {name: (project / "made" / name).read_bytes() for name in names}
    (project / "made" / "b.wav").unlink()
    (project / "made" / "a.wav").write_bytes(b"kept")
    told = cantus("convert", "small", "recordings", "made")
    assert (told.code, told.error) == (0, "")
    assert told.out.splitlines()[-1] == ("1 converted; 2 existing kept (--force overwrites them)")
    assert (project / "made" / "a.wav").read_bytes() == b"kept"
    told = cantus("convert", "small", "recordings", "made", "--force")
    assert told.out.splitlines()[-1] == "3 converted"
    assert before == {name: (project / "made" / name).read_bytes() for name in names}


def test_odd_files_of_a_folder_are_named_and_the_others_are_done(
    cantus, project, index, recordings
):
    (recordings / "words.wav").write_text("no audio")
    (recordings / "empty.wav").write_bytes(b"")
    soundfile.write(recordings / "silent.wav", np.zeros(RATE), RATE)
    soundfile.write(recordings / "short.wav", spoken()[:100], RATE)
    (recordings / "notes.txt").write_text("no audio, by its name")
    (recordings / ".hidden.wav").write_text("left alone")
    told = cantus("convert", "small", "recordings", "made")
    assert told.code == 2
    assert told.out.splitlines()[-1] == ("3 converted; 4 failed; 1 of another kind ignored")
    for said in (
        "words.wav: unreadable",
        "empty.wav: empty",
        "silent.wav is silent",
        "short.wav lasts 6.25 ms, and a frame of pitch and content 10 ms",
    ):
        assert f"recordings/{said}" in told.error
    made = sorted(path.relative_to(project / "made").as_posix() for path in files(project / "made"))
    assert made == ["a.wav", "b.wav", "inner/a.wav"]


def files(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.slow
def test_what_is_killed_on_the_way_leaves_nothing_half_and_goes_on(
    cantus, project, index, recordings
):
    soundfile.write(recordings / "b.wav", spoken(seconds=30), RATE)
    words = [sys.executable, "-m", "engine", "convert", "small", "recordings", "made"]
    words += ["--device", "cpu"]
    first = project / "made" / "a.wav"
    running = subprocess.Popen(words, stdout=subprocess.DEVNULL, env={**os.environ})
    while running.poll() is None and not first.exists():
        time.sleep(0.05)
    time.sleep(0.2)
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert first.is_file()
    whole = [path for path in files(project / "made") if not path.name.startswith(".")]
    assert whole == [first]
    told = cantus("convert", "small", "recordings", "made")
    assert "2 converted; 1 existing kept" in told.out
    assert len(files(project / "made")) == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["none", "in.wav", "out.wav"], "There is no recipe 'none'. (A model of RVC WebUI"),
        (["words", "in.wav", "out.wav"], "'words' is not a voice of RVC"),
        (["small", "none.wav", "out.wav"], "There is no file none.wav"),
        (["small", "in.wav", "out.mp3"], "out.mp3 must end in .wav"),
        (["small", "in.wav", "in.wav"], "in.wav would be overwritten by its own result"),
        (["small", "recipes", "out"], "The folder recipes holds no audio files"),
        (["small", "recipes", "recipes/out"], "The output would lie in recipes"),
        (["small", "recipes", "in.wav"], "in.wav is a file, and recipes a folder"),
        (["small", "in.wav", "out.wav", "--speaker", "eva"], "There are: anna (0), bela (1)."),
        (["small", "in.wav", "out.wav", "--speaker", "2"], "no speaker '2'"),
        (["small", "in.wav", "out.wav", "--pitch", "ear"], "There are: fcpe, swift_f0, crepe"),
        (["small", "in.wav", "out.wav", "--pitch", "rmvpe"], "'cantus fetch rmvpe'"),
        (["small", "in.wav", "out.wav", "--index", "x"], "--index is for a MODEL that is a .pth"),
        (
            ["small", "in.wav", "out.wav", "--transpose", "1", "--auto-transpose"],
            "--transpose or --auto-transpose, not both",
        ),
        (
            ["small", "in.wav", "out.wav", "--speaker", "bela", "--auto-transpose"],
            "does not record the median pitch of its voice: give --transpose",
        ),
    ],
)
def test_what_cannot_be_done_is_said_with_nothing_written(cantus, project, index, wav, words, said):
    refused(cantus("convert", *words), project, said)


def test_what_is_not_trained_is_said_with_what_is(cantus, project, index, wav):
    later = evolve(RECIPE, name="later")
    (project / "recipes" / "later.toml").write_text(to_toml(later))
    told = cantus("convert", "later", wav, "out.wav")
    refused(told, project, "'later' is not trained: run 'dvc repro later' first. Trained: small")


def test_what_exists_is_made_anew_only_by_force(cantus, project, index, wav):
    (project / "out.wav").write_bytes(b"old")
    told = cantus("convert", "small", wav, "out.wav")
    assert (told.code, "out.wav exists already: --force" in told.error) == (2, True)
    assert (project / "out.wav").read_bytes() == b"old"


def test_published_files_that_a_recipe_needs_are_named(cantus, project, wav):
    train(project, evolve(RECIPE, dataset=evolve(RECIPE.dataset, content=ContentVec())))
    told = cantus("convert", "small", wav, "out.wav")
    refused(told, project, "'cantus fetch contentvec' makes one")


@pytest.mark.parametrize("where_missing", ["refuse", "fcpe"])
def test_no_method_stands_in_for_rmvpe_unless_it_is_asked_for(cantus, project, wav, where_missing):
    """Whatever the recipe allows while it trains: this model learned from rmvpe."""
    pitch = Rmvpe(weights="elsewhere/rmvpe.pt", where_missing=where_missing)
    recipe = evolve(RECIPE, dataset=evolve(RECIPE.dataset, pitch=pitch))
    train(project, recipe, evolve(NOTE, pitch=PitchNote(kind="rmvpe", digest="1" * 64)))
    told = cantus("convert", "small", wav, "out.wav")
    refused(told, project, "small.pth learned from pitch by rmvpe, which cannot be used here")
    for said in ("elsewhere/rmvpe.pt", "'cantus fetch rmvpe'", "--pitch fcpe"):
        assert said in told.error
    assert cantus("convert", "small", wav, "out.wav", "--pitch", "fcpe").code == 0


def test_a_model_that_learned_from_fcpe_in_place_of_rmvpe_needs_no_rmvpe(cantus, project, wav):
    recipe = evolve(RECIPE, dataset=evolve(RECIPE.dataset, pitch=Rmvpe(where_missing="fcpe")))
    fcpe = PitchNote(kind="fcpe", digest=Fcpe(torch.device("cpu")).digest)
    train(project, recipe, evolve(NOTE, pitch=fcpe))
    told = cantus("convert", "small", wav, "out.wav")
    assert (told.code, told.error) == (0, "")


def test_another_release_of_the_pitch_method_is_used_only_if_it_is_asked_for(cantus, project, wav):
    train(project, note=evolve(NOTE, pitch=PitchNote(kind="swift_f0", digest="1" * 64)))
    told = cantus("convert", "small", wav, "out.wav")
    refused(told, project, "another swift_f0 (111111111111, here")
    assert "--pitch swift_f0 to use what is here" in told.error
    assert cantus("convert", "small", wav, "out.wav", "--pitch", "swift_f0").code == 0


def test_an_index_of_another_content_model_is_refused(cantus, project, index, wav):
    features = CONTENT(spoken().astype(np.float32))
    write_index(index.parent, "small", "v2", [features], features, "another")
    told = cantus("convert", "small", wav, "out.wav")
    refused(told, project, "made of the features of another content model (another, here")


def test_a_model_of_another_content_model_is_refused(cantus, project, wav):
    train(project, note=evolve(NOTE, content="another"))
    told = cantus("convert", "small", wav, "out.wav")
    refused(told, project, "learned from the features of another content model (another, here")


def test_a_model_without_pitch_converts_and_moves_none(cantus, project, wav):
    train(project, evolve(RECIPE, dataset=evolve(RECIPE.dataset, pitch=NoPitch())))
    for options in (["--transpose", "3"], ["--auto-transpose"], ["--pitch", "fcpe"]):
        told = cantus("convert", "small", wav, "out.wav", *options)
        refused(told, project, "was trained without pitch, so the pitch cannot be shifted")
    assert cantus("convert", "small", wav, "out.wav").code == 0


def test_a_model_without_an_index_converts_and_says_so(cantus, project, index, wav):
    index.unlink()
    told = cantus("convert", "small", wav, "out.wav")
    assert (told.code, "index: none" in told.out) == (0, True)
    (project / "out.wav").unlink()
    told = cantus("convert", "small", wav, "out.wav", "--index-rate", "0.5")
    refused(told, project, "--index-rate 0.5 needs a retrieval index")
