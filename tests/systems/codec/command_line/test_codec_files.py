import subprocess
import sys

import attrs
import numpy as np
import pytest
import soundfile
import torch
from transformers import DacConfig, DacModel

from engine.systems.codec.files.weights import write_upstream
from engine.systems.codec.network.network import CodecNetwork
from tests.systems.codec.network.test_network import SETTINGS

HZ = SETTINGS.sample_rate_hz
CODEC = """\
schema = 2
name = "coder"
system = "codec"
summary = "a test"

[dataset]
corpus = "words"
sample_rate_hz = 8000
segment_seconds = 0.25

[model]
num_codebooks = 3

[losses]
adversarial = 1.0
feature = 2.0
mel = 15.0
commitment = 0.25
codebook = 1.0

[optimizer.discriminator]
kind = "adam"
learning_rate = 1e-4

[optimizer.generator]
kind = "adam"
learning_rate = 1e-4

[training]
steps = 5
batch_size = 4
best = "eval/mel"
"""


@pytest.fixture(autouse=True)
def seeded():
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "weights.pth"
    write_upstream(CodecNetwork(SETTINGS), path, {"kind": "as_recorded"})
    return path


@pytest.fixture
def wav(tmp_path):
    samples = np.random.default_rng(0).normal(0.0, 0.1, (5_001, 2))
    soundfile.write(tmp_path / "speech.wav", samples, 11_025)
    return tmp_path / "speech.wav"


def train(project, name, recipe=CODEC):
    """What a trained recipe leaves of what these commands need."""
    model = project / "models" / name
    (model / "export").mkdir(parents=True)
    (model / "recipe.toml").write_text(recipe)
    write_upstream(CodecNetwork(SETTINGS), model / "export" / "weights.pth", {"kind": "rms"})


@pytest.mark.parametrize("quantizers", [(), ("--quantizers", "2")])
def test_a_file_is_encoded_decoded_and_the_same_as_reconstructed(
    cantus, tmp_path, weights, wav, quantizers
):
    model = ("--model", str(weights))
    told = cantus("encode", str(wav), *model, *quantizers, "--output", str(tmp_path / "coded"))
    assert (told.code, told.error) == (0, "")
    # 3 codebooks of 5 bits, 250 frames a second, 2 channels
    assert f"0.5 s at {5.0 if quantizers else 7.5:.3g} kbps of codes, " in told.out
    (coded,) = tmp_path.rglob("*.dac")
    assert f"{8 * coded.stat().st_size / (5_001 / 11_025) / 1000:.3g} kbps on disk" in told.out
    coded = tmp_path / "coded" / "speech.dac"
    assert cantus("decode", str(coded), *model).code == 0
    assert cantus("reconstruct", str(wav), *model, *quantizers).code == 0
    decoded, rate = soundfile.read(coded.with_suffix(".wav"), dtype="int16")
    assert (rate, decoded.shape) == (11_025, (5_001, 2))
    rebuilt, _ = soundfile.read(tmp_path / "speech.reconstructed.wav", dtype="int16")
    assert np.array_equal(decoded, rebuilt)


@pytest.mark.parametrize("named", ["dac", "dac/model.safetensors"])
def test_a_folder_of_transformers_is_a_model(cantus, tmp_path, wav, named):
    config = DacConfig(encoder_hidden_size=4, downsampling_ratios=[2, 4], decoder_hidden_size=16)
    DacModel(config).save_pretrained(tmp_path / "dac")
    told = cantus("encode", str(wav), "--model", str(tmp_path / named))
    assert told.code == 0, told.error
    (tmp_path / "dac" / "config.json").write_text('{"model_type": "encodec"}')
    told = cantus("encode", str(wav), "--model", str(tmp_path / named), "--force")
    assert told.code == 2
    assert "holds another codec (EnCodec)" in told.error


def test_floats_are_written_where_they_are_asked_for(cantus, weights, wav, tmp_path):
    cantus("reconstruct", str(wav), "--model", str(weights), "--float")
    assert soundfile.info(tmp_path / "speech.reconstructed.wav").subtype == "FLOAT"


def test_what_exists_is_overwritten_only_by_force(cantus, tmp_path, weights, wav):
    target = tmp_path / "speech.dac"
    target.write_text("old")
    told = cantus("encode", str(wav), "--model", str(weights))
    assert told.code == 2
    assert "speech.dac exists already: --force overwrites it" in told.error
    assert target.read_text() == "old"
    assert cantus("encode", str(wav), "--model", str(weights), "--force").code == 0
    assert target.read_bytes().startswith(b"\x93NUMPY")


def test_a_source_is_never_overwritten_by_what_is_made_of_it(cantus, tmp_path, weights, wav):
    wav = wav.rename(tmp_path / "speech.dac")
    before = wav.read_bytes()
    told = cantus("encode", str(wav), "--model", str(weights), "--force")
    assert told.code == 2
    assert "would be overwritten by its own result" in told.error
    assert wav.read_bytes() == before


def test_bad_files_are_named_and_the_others_are_done(cantus, tmp_path, weights, wav):
    (tmp_path / "text.wav").write_text("no audio")
    names = [str(tmp_path / name) for name in ("text.wav", "none.wav", "speech.wav")]
    told = cantus("encode", *names, "--model", str(weights))
    assert told.code == 2
    assert "text.wav: unreadable" in told.error
    assert f"There is no file {tmp_path / 'none.wav'}" in told.error
    assert (tmp_path / "speech.dac").is_file()
    told = cantus("decode", str(wav), "--model", str(weights), "--output", str(tmp_path / "out"))
    assert (told.code, told.out) == (2, "")
    assert "not a .dac file" in told.error


def test_all_files_below_a_folder_are_encoded_and_decoded(cantus, tmp_path, weights, wav):
    deep = tmp_path / "in" / "deep"
    deep.mkdir(parents=True)
    wav.rename(deep / "speech.wav")
    (deep / "notes.txt").write_text("no audio")
    model, coded, out = ("--model", str(weights)), str(tmp_path / "coded"), str(tmp_path / "out")
    told = cantus("encode", str(tmp_path / "in"), *model, "--output", coded)
    assert told.code == 0, told.error
    assert told.out.splitlines()[-1] == "1 encoded; 1 of another kind ignored"
    assert cantus("decode", coded, *model, "--output", out).code == 0
    assert (tmp_path / "out/deep/speech.wav").is_file()
    told = cantus("decode", coded, *model, "--output", out)
    assert (told.code, told.error) == (0, "")


def test_codes_of_another_model_are_refused_by_name(cantus, tmp_path, weights, wav):
    cantus("encode", str(wav), "--model", str(weights))
    small = attrs.evolve(SETTINGS, num_codebooks=2)
    write_upstream(CodecNetwork(small), tmp_path / "small.pth", {"kind": "as_recorded"})
    out = str(tmp_path / "out")
    coded = str(tmp_path / "speech.dac")
    told = cantus("decode", coded, "--model", str(tmp_path / "small.pth"), "--output", out)
    assert told.code == 2
    assert "speech.dac: It has codes of 3 quantizers, the model 2" in told.error
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("number", "said"),
    [("0", "--quantizers: 0 is not in the range"), ("4", "this model has 3 (use 1 to 3)")],
)
def test_more_quantizers_than_the_model_has_are_refused(cantus, weights, wav, number, said):
    told = cantus("encode", str(wav), "--model", str(weights), "--quantizers", number)
    assert told.code == 2
    assert said in told.error


def test_two_files_that_would_become_one_are_refused(cantus, tmp_path, weights):
    names = [str(tmp_path / name) for name in ("a/x.wav", "b/x.flac")]
    told = cantus("encode", *names, "--model", str(weights), "--output", str(tmp_path / "out"))
    assert told.code == 2
    assert "2 of the files would become" in told.error


def test_a_recipes_codec_is_used_by_its_name(cantus, project, wav):
    (project / "recipes" / "coder.toml").write_text(CODEC)
    train(project, "coder")
    assert cantus("encode", str(wav), "--model", "coder").code == 0
    assert (project / "speech.dac").is_file()


def test_what_is_not_trained_is_said_with_what_is(cantus, project, wav):
    (project / "recipes" / "coder.toml").write_text(CODEC)
    told = cantus("encode", str(wav), "--model", "coder")
    assert told.code == 2
    assert (
        "'coder' is not trained: run 'dvc repro coder' first. No codec is trained yet."
        in told.error
    )
    train(project, "other", CODEC.replace('"coder"', '"other"'))
    assert "Trained: other." in cantus("encode", str(wav), "--model", "coder").error


def test_a_model_whose_recipe_no_longer_loads_hides_no_other(cantus, project, wav):
    (project / "recipes" / "coder.toml").write_text(CODEC)
    train(project, "broken", "system = [")
    train(project, "older", CODEC.replace("num_codebooks", "codebooks"))
    train(project, "other", CODEC.replace('"coder"', '"other"'))
    assert "Trained: other." in cantus("encode", str(wav), "--model", "coder").error


def test_the_device_is_the_one_that_is_asked_for_and_sums_are_full(cantus, weights, wav):
    model = ("--model", str(weights), "--force")
    torch.backends.cudnn.allow_tf32 = True
    assert cantus("encode", str(wav), *model, "--device", "cpu").code == 0
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_said(cantus, weights, wav):
    for command in ("encode", "decode", "reconstruct"):
        words = (str(wav), "--model", str(weights), "--output", "out")
        told = cantus(command, *words, "--device", "cuda")
        assert told.code == 2
        assert "no CUDA device here" in told.error


def test_what_is_no_codec_is_said(cantus, project, wav, tmp_path):
    assert "'words' is not a codec" in cantus("encode", str(wav), "--model", "words").error
    assert "no recipe 'none'" in cantus("encode", str(wav), "--model", "none").error
    told = cantus("encode", str(wav), "--model", str(tmp_path / "none.pth"))
    assert (told.code, "no weights at" in told.error) == (2, True)
    (tmp_path / "text.pth").write_text("no weights")
    told = cantus("encode", str(wav), "--model", str(tmp_path / "text.pth"))
    assert (told.code, "damaged" in told.error) == (2, True)


@pytest.mark.slow
def test_upstreams_own_command_encodes_with_the_weights(cantus, tmp_path, weights, wav):
    program = [sys.executable, "-m", "dac", "encode", str(wav), "--device", "cpu"]
    words = [*program, "--weights_path", str(weights), "--output", str(tmp_path / "theirs")]
    subprocess.run(words, check=True, capture_output=True)
    coded = str(tmp_path / "theirs" / "speech.dac")
    assert cantus("decode", coded, "--model", str(weights)).code == 0
    assert soundfile.info(tmp_path / "theirs" / "speech.wav").frames == 5_001
