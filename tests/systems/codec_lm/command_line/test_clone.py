"""`cantus clone` with a tiny model as its recipe exports it: no corpus, no build folder."""

import shutil

import numpy as np
import pytest
import soundfile
import torch
from transformers import DacModel

from engine.analysis.codec.open_codec import open_codec
from engine.metrics.pretrained import quiet
from engine.systems.codec_lm.files.export import Parts, export_folder
from engine.systems.codec_lm.files.plain_model import plain_model
from tests.systems.codec_lm.speech.tiny import overfitted, random_codes, sequence
from tests.systems.codec_lm.tiny_higgs import HOP, RATE_HZ, tiny_tokens, write_codec

RECIPE = """
schema = 2
summary = "A small one."
system = "codec_lm"
[dataset]
corpus = "none"
sample_rate_hz = 8000
min_seconds = 0.1
max_reference_seconds = 1.0
[codec]
folder = "codec"
[model]
kind = "scratch"
[speech]
max_seconds = 0.1
[training]
steps = 1
batch_size = 1
best = "eval/audio_ce"
[optimizer.lm]
kind = "adamw"
learning_rate = 1e-3
"""


NUM_FRAMES = {"one two": 9, "four five": 12}
"""Of what the model says of these texts."""


def trained_codec(folder, seed=0, **how):
    """A codec of which audio decides the codes."""
    write_codec(folder, **how)
    codec = DacModel.from_pretrained(folder)
    with torch.random.fork_rng(), torch.no_grad(), quiet():
        torch.manual_seed(seed)
        for value in codec.parameters():
            value.add_(torch.randn_like(value) * 0.3)
        codec.save_pretrained(folder)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """What training leaves of a recipe, here of a model that knows what Anna says by heart."""
    root = tmp_path_factory.mktemp("trained")
    trained_codec(root / "codec")
    record(root / "anna.wav", 0.15)
    voice = soundfile.read(root / "anna.wav", dtype="float32")[0]
    codec = open_codec(root / "codec")
    reference = codec.encode(voice)
    clips = [
        (text, said, reference, random_codes(num_frames, num_frames))
        for text, num_frames in NUM_FRAMES.items()
        for said in ("", "three")
    ]
    model = overfitted([sequence(clip) for clip in clips]).model
    parts = Parts(
        tokenizer=tiny_tokens().content,
        codec_folder=root / "codec",
        generation={},
        facts={"weights_license": "mine", "instruction": "Speak.", "codec": codec.digest},
    )
    export_folder(root / "export", plain_model(model.config, model.state_dict()), parts)
    return root


@pytest.fixture
def project(tmp_path, monkeypatch, exported):
    root = tmp_path / "project"
    shutil.copytree(exported / "export", root / "models/small/export/transformers")
    (root / "models/small/recipe.toml").write_text(RECIPE)
    (root / "recipes").mkdir()
    (root / "params.toml").write_text('profile = "full"\nseed = 1\n')
    shutil.copy(exported / "anna.wav", root)
    monkeypatch.chdir(root)
    return root


def record(path, seconds, rate=RATE_HZ, channels=1, level=0.1):
    shape = (round(seconds * rate), channels)
    soundfile.write(path, np.random.default_rng(1).normal(0, level, shape), rate)


@pytest.fixture
def clone(cantus, project):
    """Clone the voice of a recording."""

    def run(*words, model="small", reference="anna.wav"):
        return cantus("clone", model, "--reference", reference, *words)

    return run


def written(project):
    known = ("anna.wav", "voice.wav")
    return sorted(path.name for path in project.glob("*.wav*") if path.name not in known)


def refused(answer, project, said):
    assert answer.code == 2, answer.out
    assert said in answer.error
    assert "Traceback" not in answer.error
    assert not written(project)


def test_a_text_is_spoken_and_the_same_seed_gives_the_same_file(clone, project):
    answer = clone("--text", "one two", "--reference-text", "three", "--output", "one.wav")
    assert answer.code == 0, answer.error
    assert "voice: anna.wav\n" in answer.out
    assert "s at 8,000 Hz, seed 1, " in answer.out
    clone("--text", "one two", "--reference-text", "three", "--output", "again.wav")
    one, again = ((project / f"{name}.wav").read_bytes() for name in ("one", "again"))
    assert one == again
    audio = soundfile.info(project / "one.wav")
    assert (audio.samplerate, audio.channels, audio.subtype) == (RATE_HZ, 1, "PCM_16")
    assert audio.frames == NUM_FRAMES["one two"] * HOP


def test_another_seed_says_it_otherwise(clone, project):
    words = ("--text", "one two", "--temperature", "3", "--top-k", "3", "--output")
    for seed in ("1", "2"):
        assert clone(*words, f"{seed}.wav", "--seeds", seed).code == 0
    assert (project / "1.wav").read_bytes() != (project / "2.wav").read_bytes()


def test_each_line_of_a_file_is_spoken_with_each_seed_as_it_would_be_alone(clone, project):
    (project / "lines.txt").write_text("one two\n\nfour five\n", encoding="utf-8-sig")
    answer = clone("--text-file", "lines.txt", "--seeds", "1,2", "--output", "s.wav")
    assert answer.code == 0, answer.error
    assert "1 empty line of lines.txt left out" in answer.out
    assert written(project) == [f"s_{line}_seed{seed}.wav" for line in (1, 2) for seed in (1, 2)]
    clone("--text", "four five", "--seeds", "2", "--output", "alone.wav")
    twice = clone("--text", "one two", "--text", "four five", "--seeds", "2", "--output", "t.wav")
    assert (twice.code, (project / "t_2.wav").is_file()) == (0, True)
    assert (project / "alone.wav").read_bytes() == (project / "s_2_seed2.wav").read_bytes()


def test_it_is_said_of_each_file_whether_speech_came_to_an_end(clone, project):
    ended = clone("--text", "one two", "--top-k", "1")
    assert "clone.wav: 0.02 s at 8,000 Hz, seed 1, ended by itself\n" in ended.out
    assert soundfile.info(project / "clone.wav").frames == NUM_FRAMES["one two"] * HOP
    cut = clone("--text", "four five", "--top-k", "1", "--max-seconds", "0.02", "--force")
    assert "did not end by itself\n  cut off: no end of stream came\n" in cut.out
    assert soundfile.info(project / "clone.wav").frames == round(0.02 * RATE_HZ / HOP) * HOP


def test_an_exported_folder_is_a_model_without_any_project(clone, project, exported, monkeypatch):
    record(project / "voice.wav", 0.8)
    words = ("--text", "one two", "--max-seconds", "0.1", "--output")
    clone(*words, "own.wav", reference="voice.wav")
    monkeypatch.chdir(exported)
    voice = str(project / "voice.wav")
    answer = clone(*words, str(project / "moved.wav"), model="export", reference=voice)
    assert answer.code == 0, answer.error
    assert (project / "own.wav").read_bytes() == (project / "moved.wav").read_bytes()


def test_a_reference_of_another_rate_with_two_channels_is_resampled(clone, project):
    record(project / "voice.wav", 0.8, rate=44_100, channels=2)
    answer = clone("--text", "one two", reference="voice.wav")
    assert answer.code == 0, answer.error
    assert written(project) == ["clone.wav"]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"seconds": 0.8, "level": 1e-5}, "voice.wav is silent"),
        ({"seconds": 0.05}, "voice.wav lasts 0.05 s, too short to take a voice from"),
    ],
)
def test_a_reference_without_a_voice_is_refused(clone, project, facts, said):
    record(project / "voice.wav", **facts)
    refused(clone("--text", "one", reference="voice.wav"), project, said)


def test_what_is_no_audio_is_refused(clone, project):
    (project / "voice.wav").write_text("hello")
    said = "voice.wav cannot be used as a voice: unreadable"
    refused(clone("--text", "one", reference="voice.wav"), project, said)
    refused(clone("--text", "one", reference="none.wav"), project, "There is no file none.wav")


def test_of_a_reference_of_three_minutes_the_beginning_is_used_unless_its_text_is_given(
    clone, project
):
    record(project / "voice.wav", 180.0)
    answer = clone("--text", "one two", reference="voice.wav")
    assert answer.code == 0, answer.error
    assert "voice: voice.wav, its first 1 s; without --reference-text" in answer.out
    (project / "clone.wav").unlink()
    told = clone("--text", "one two", "--reference-text", "three four", reference="voice.wav")
    refused(told, project, "voice.wav is longer than 1 s, the longest reference, and")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("  ", "There is nothing to speak in --text."),
        ("one <|eot_id|> two", "--text: The text 'one <|eot_id|> two' cannot be spoken"),
        ("one two three " * 600, "--text: Text and reference fill "),
    ],
)
def test_a_text_that_cannot_be_spoken_is_refused(clone, project, text, said):
    refused(clone("--text", text), project, said)


def test_a_line_that_cannot_be_spoken_is_named_before_any_is_spoken(clone, project):
    (project / "lines.txt").write_text("one two\nthree <|eot_id|>\n")
    refused(clone("--text-file", "lines.txt"), project, "lines.txt, line 2: The text")


@pytest.mark.parametrize("option", ["--temperature", "--top-p", "--max-seconds"])
@pytest.mark.parametrize("number", ["nan", "inf"])
def test_a_number_that_is_not_finite_is_refused(clone, project, option, number):
    answer = clone("--text", "one", option, number)
    refused(answer, project, f"error: {option}: {number} is not")


@pytest.mark.parametrize("out", ["anna.wav/said.wav", f"{'a' * 300}.wav"])
def test_a_place_that_no_file_can_have_is_refused(clone, project, out):
    refused(clone("--text", "one", "--output", out), project, "cannot be written: ")


def test_what_exists_is_overwritten_only_by_force(clone, project):
    (project / "clone.wav").write_text("mine")
    answer = clone("--text", "one")
    assert (answer.code, (project / "clone.wav").read_text()) == (2, "mine")
    assert "clone.wav exists already: --force overwrites it." in answer.error
    assert clone("--text", "one two", "--force").code == 0


def test_a_model_that_is_not_trained_or_of_another_system_is_refused(clone, project):
    refused(clone("--text", "one", model="nobody"), project, "There is no recipe 'nobody'")
    (project / "recipes/other.toml").write_text(RECIPE)
    refused(clone("--text", "one", model="other"), project, "'other' is not trained: run ")


def test_a_codec_that_the_model_was_not_trained_with_is_refused(clone, project):
    trained_codec(project / "other", num_codebooks=3)
    answer = clone("--text", "one", "--codec", "other")
    refused(answer, project, "has 3 codebooks, and 4 are asked for")
    trained_codec(project / "trained_anew", seed=1)
    answer = clone("--text", "one", "--codec", "trained_anew")
    refused(answer, project, "was trained on codes of another codec than trained_anew")
    own = project / "models/small/export/transformers/codec"
    shutil.copytree(project / "trained_anew", own, dirs_exist_ok=True)
    refused(clone("--text", "one"), project, "/codec. Export it again.")


def test_the_codec_that_a_model_was_trained_with_may_be_named(clone, project, exported):
    own = project / "models/small/export/transformers/codec"
    for codec in (exported / "codec", own):
        answer = clone("--text", "one two", "--codec", str(codec), "--force")
        assert answer.code == 0, answer.error


def test_a_folder_without_a_codec_takes_one(clone, project):
    folder = project / "models/small/export/transformers"
    shutil.move(folder / "codec", project / "codec")
    refused(clone("--text", "one"), project, "has no folder 'codec' with its codec: give --codec")
    assert clone("--text", "one two", "--codec", "codec").code == 0
