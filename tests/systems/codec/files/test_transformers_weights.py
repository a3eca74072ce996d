"""What transformers saved of a DacModel is this codec: the same codes and audio."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import DacConfig, DacModel

from engine.errors import UserError
from engine.systems.codec.files.weights import (
    load_upstream,
    network_of,
    read_upstream,
    write_upstream,
)
from engine.systems.codec.network.network import CodecNetwork
from tests.systems.codec.network.test_network import SETTINGS

SMALL = {
    "encoder_hidden_size": 8,
    "downsampling_ratios": [2, 4],
    "decoder_hidden_size": 32,
    "n_codebooks": 3,
    "codebook_size": 16,
    "codebook_dim": 4,
    "sampling_rate": 24_000,
}


@pytest.fixture(scope="module")
def theirs():
    torch.manual_seed(0)
    model = DacModel(DacConfig(**SMALL)).eval()
    for name, value in model.named_parameters():
        torch.nn.init.uniform_(value, *((0.5, 2.0) if "alpha" in name else (-0.2, 0.2)))
    return model


@pytest.fixture
def folder(theirs, tmp_path):
    theirs.save_pretrained(tmp_path / "dac")
    return tmp_path / "dac"


@pytest.fixture
def audio():
    return 0.3 * torch.randn(1, 1, 800, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def require_same(path, theirs, audio):
    network = network_of(read_upstream(path), path)
    codes = network.encode(audio)
    assert torch.equal(codes, theirs.encode(audio).audio_codes)
    assert codes.unique().numel() > 5
    expected = theirs.decode(audio_codes=codes).audio_values
    assert torch.allclose(network.decode(codes)[:, 0], expected, atol=1e-6, rtol=1e-5)
    assert expected.abs().max() > 1e-3


def test_its_folder_codes_and_decodes_as_transformers_does(folder, theirs, audio):
    require_same(folder, theirs, audio)
    require_same(folder / "model.safetensors", theirs, audio)


def test_so_do_its_other_forms(folder, theirs, audio):
    state = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(state, folder / "pytorch_model.bin")
    require_same(folder, theirs, audio)
    save_file({f"model.{name}": value for name, value in state.items()}, folder / "x.safetensors")
    require_same(folder / "x.safetensors", theirs, audio)


def test_weights_that_transformers_has_normalised_are_read_too(folder, theirs, audio):
    normed = DacModel(DacConfig(**SMALL))
    normed.load_state_dict(theirs.state_dict())
    normed.apply_weight_norm()
    torch.save(normed.state_dict(), folder / "pytorch_model.bin")
    require_same(folder / "pytorch_model.bin", theirs, audio)


def test_what_a_configuration_leaves_out_is_the_default(folder):
    config = json.loads((folder / "config.json").read_text())
    for name in ("quantizer_dropout", "hidden_size", "upsampling_ratios"):
        config.pop(name)
    (folder / "config.json").write_text(json.dumps(config))
    settings = read_upstream(folder).settings
    assert (settings.latent_dim, settings.decoder_rates) == (32, (4, 2))


def test_a_recipe_of_the_same_network_starts_from_it(folder):
    network = CodecNetwork(read_upstream(folder).settings)
    load_upstream(network, folder / "model.safetensors")
    with pytest.raises(UserError, match="is of another network: encoder_dim is 8 in the file"):
        load_upstream(CodecNetwork(SETTINGS), folder / "model.safetensors")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"model_type": "encodec"}, r"another codec \(EnCodec\)"),
        ({"model_type": "mimi"}, r"another codec \(Mimi\)"),
        ({"model_type": "wav2vec2"}, r"another codec \('wav2vec2'\)"),
        ({"vq_strides": [4, 2, 1], "encoder_rates": [2]}, r"another codec \(SNAC\)"),
        ({"model_type": "dac", "downsampling_ratios": 2}, "has to be a list"),
        ({"model_type": "dac", "n_codebooks": "9"}, "num_codebooks"),
    ],
)
def test_other_codecs_are_called_what_they_are(folder, config, said):
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match=said):
        read_upstream(folder)


def test_tensors_alone_need_their_configuration(folder, tmp_path):
    alone = tmp_path / "alone.safetensors"
    shutil.copy(folder / "model.safetensors", alone)
    with pytest.raises(UserError, match=r"nothing that says of which network: the config.json"):
        read_upstream(alone)
    (folder / "model.safetensors").unlink()
    with pytest.raises(UserError, match=r"holds no codec: neither model\.safetensors"):
        read_upstream(folder)


def test_tensors_of_another_network_are_named(folder):
    state = load_file(folder / "model.safetensors")
    state.pop("encoder.conv1.weight")
    save_file({**state, "extra": torch.zeros(1)}, folder / "model.safetensors")
    with pytest.raises(UserError, match=r"3 missing|2 missing .*; 1 not expected \(extra\)"):
        network_of(read_upstream(folder), folder)


# ---- files of dac under other names ----


@pytest.mark.parametrize("prefix", ["module.", "model.", "_orig_mod."])
def test_a_prefix_of_all_names_is_no_part_of_them(tmp_path, prefix):
    network, path = CodecNetwork(SETTINGS), tmp_path / "weights.pth"
    write_upstream(network, path, {"kind": "rms", "dbfs": -20.0})
    content = torch.load(path, weights_only=True)
    state = content["state_dict"]
    newer = {"weight_g": "parametrizations.weight.original0"}
    newer["weight_v"] = "parametrizations.weight.original1"
    content["state_dict"] = {
        prefix + ".".join(newer.get(part, part) for part in name.split(".")): value
        for name, value in state.items()
    }
    torch.save(content, path)
    read = network_of(read_upstream(path), path).state_dict()
    assert all(torch.equal(read[name], value) for name, value in state.items())


def test_a_package_of_dac_is_refused_with_what_lies_beside_it(tmp_path):
    import dac

    path = tmp_path / "package.pth"
    dac.DAC(**SETTINGS.upstream_kwargs).save(str(path), package=True)
    with pytest.raises(UserError, match=r"brings code, .* weights.pth beside its package.pth"):
        read_upstream(path)


def test_weights_of_another_codec_are_told_by_what_they_hold(tmp_path):
    path = tmp_path / "other.pth"
    torch.save({"best_state": {"encoder.weight": torch.zeros(2)}, "epoch": 3}, path)
    with pytest.raises(UserError, match=r"no weights of a codec .*: it holds best_state, epoch"):
        read_upstream(path)
