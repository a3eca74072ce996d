import attrs
import pytest
import torch
from transformers import AutoFeatureExtractor, DacModel

from engine.errors import UserError
from engine.systems.codec.files.transformers_folder import (
    read_transformers,
    why_inexpressible,
    write_transformers,
)
from engine.systems.codec.network.network import CodecNetwork
from tests.systems.codec.network.test_network import ODD, SETTINGS


@pytest.fixture(autouse=True)
def seeded():
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.mark.parametrize("rates", [(2, 4, 4), (4,), (2, 2, 2, 2, 2)], ids=str)
@torch.no_grad()
def test_a_folder_codes_and_decodes_as_the_network(tmp_path, rates):
    settings = attrs.evolve(
        SETTINGS,
        encoder_rates=rates,
        decoder_rates=rates[::-1],
        latent_dim=SETTINGS.encoder_dim * 2 ** len(rates),
    )
    network = CodecNetwork(settings).eval()
    write_transformers(network, tmp_path / "folder")
    model = DacModel.from_pretrained(tmp_path / "folder").eval()
    audio = torch.randn(1, 1, 20 * settings.hop_length) * 0.3
    codes = network.encode(audio)
    assert torch.equal(model.encode(audio).audio_codes, codes)
    decoded = model.decode(audio_codes=codes).audio_values
    torch.testing.assert_close(decoded, network.decode(codes)[:, 0])


def test_the_folder_says_how_audio_is_to_be_given(tmp_path):
    write_transformers(CodecNetwork(SETTINGS), tmp_path / "folder")
    extractor = AutoFeatureExtractor.from_pretrained(tmp_path / "folder")
    assert (extractor.sampling_rate, extractor.hop_length) == (8_000, 32)


def test_a_folder_is_replaced_as_a_whole_and_nothing_is_left_beside(tmp_path, capfd):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "old").touch()
    write_transformers(CodecNetwork(SETTINGS), tmp_path / "folder")
    read_transformers(tmp_path / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    files = {path.name for path in (tmp_path / "folder").iterdir()}
    assert files == {"config.json", "model.safetensors", "preprocessor_config.json"}
    assert "%" not in capfd.readouterr().err  # no bars


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        (attrs.evolve(SETTINGS, decoder_rates=(2, 4, 4)), "strides in reverse"),
        (attrs.evolve(SETTINGS, latent_dim=16), "32 latent dimensions"),
        (ODD, "odd"),
        (attrs.evolve(SETTINGS, codebook_size=33), "power of two"),
    ],
    ids=["rates", "latent_dim", "odd", "codebook_size"],
)
def test_what_it_cannot_express_is_said(settings, word, tmp_path):
    assert word in why_inexpressible(settings)
    with pytest.raises(UserError, match=word):
        write_transformers(CodecNetwork(settings), tmp_path / "folder")
    assert not (tmp_path / "folder").exists()
