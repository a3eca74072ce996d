import pytest
import torch
from attrs import evolve

from engine.errors import UserError
from engine.systems.rvc.files.config_list import config_list
from engine.systems.rvc.files.export import Training, export_voice, unsupported
from engine.systems.rvc.files.exported import read_exported
from engine.systems.rvc.network.settings import published_settings
from engine.systems.rvc.network.synthesizer import Noise, Synthesizer
from tests.systems.rvc.files.conftest import small_settings

TRAINING = Training(
    name="voice",
    epoch=20,
    step=400,
    created="2026-11-29T12:00:00.000000",
    audio_seconds=3725.4,
    content="contentvec",
    num_speakers=1,
    others={"pitch": "rmvpe", "mel_floor": "classic"},
)


@pytest.fixture
def path(network, tmp_path):
    export_voice(network, tmp_path / "voice.pth", TRAINING)
    return tmp_path / "voice.pth"


def content_of(path):
    return torch.load(path, weights_only=True)


def rewritten(path, **changes):
    torch.save({**content_of(path), **changes}, path)
    return path


def test_an_export_has_what_rvc_webui_and_applio_read(network, path):
    content = content_of(path)
    weight = content.pop("weight")
    assert weight.keys() == {key for key in network.state_dict() if "enc_q" not in key}
    assert all(value.dtype == torch.float16 for value in weight.values())
    assert content.pop("config") == config_list(network.settings)
    assert len(content.pop("model_hash")) == 64
    assert content == {
        "info": "20epoch",
        "sr": "40k",
        "f0": 1,
        "version": "v2",
        "epoch": 20,
        "step": 400,
        "creation_date": "2026-11-29T12:00:00.000000",
        "dataset_length": "01:02:05",
        "model_name": "voice",
        "author": None,
        "embedder_model": "contentvec",
        "speakers_id": 1,
        "vocoder": "HiFi-GAN",
        "cantus": {"pitch": "rmvpe", "mel_floor": "classic"},
    }


def test_the_config_of_the_published_size_is_the_one_that_rvc_writes():
    assert config_list(published_settings(40000)) == [
        *(1025, 32, 192, 192, 768, 2, 6, 3, 0, "1", [3, 7, 11]),
        [[1, 3, 5], [1, 3, 5], [1, 3, 5]],
        *([10, 10, 2, 2], 512, [16, 16, 4, 4], 109, 256, 40000),
    ]


@pytest.mark.parametrize(
    ("version", "uses_f0", "rate"),
    [("v2", True, 48000), ("v1", False, 32000), ("v2", False, 40000)],
)
def test_what_was_exported_is_read_back_and_converts_alike(version, uses_f0, rate, tmp_path):
    torch.manual_seed(0)
    settings = small_settings(rate, version, uses_f0=uses_f0)
    network = Synthesizer(settings).eval()
    export_voice(network, tmp_path / "voice.pth", TRAINING)
    again = read_exported(tmp_path / "voice.pth")
    assert again.network.settings == settings
    assert again.facts["cantus"] == TRAINING.others
    frames = 12
    content = torch.randn(1, frames, settings.content_dim)
    pitch = (torch.full((1, frames), 80), torch.full((1, frames), 220.0))
    noise = Noise(torch.randn(1, 8, frames), torch.randn(1, frames * settings.hop_length))
    given = (content, *(pitch if uses_f0 else (None, None)), torch.tensor([frames]))
    audio, other = (
        one.infer(*given, torch.tensor([1]), noise=noise) for one in (network, again.network)
    )
    assert 0 < float((audio - other).abs().max()) < 0.02 * float(audio.abs().max())


def test_a_value_beyond_half_precision_is_refused_and_nothing_written(network, tmp_path):
    with torch.no_grad():
        network.emb_g.weight[0, 0] = 1e5
    with pytest.raises(UserError, match=r"emb_g\.weight overflows"):
        export_voice(network, tmp_path / "voice.pth", TRAINING)
    assert not list(tmp_path.iterdir())


def test_the_number_of_speakers_is_that_of_the_rows(path):
    config = content_of(path)["config"]
    config[-3] = 109
    assert read_exported(rewritten(path, config=config)).network.settings.num_speakers == 3


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (2, 10, "does not fit its own config"),
        (0, "1025", "n_fft: expected a whole number"),
        (9, "3", "resblock"),
        (12, [10] * 17, "more than 16 upsample_rates"),
        (12, [10, 10, 2], "upsample_kernels"),
        (17, 10**9, "sample_rate_hz"),
        (17, 48_000, "400 samples of a hundredth of a second, at 48000 Hz"),
        (5, 3, "num_heads"),
    ],
)
def test_a_config_that_is_not_of_its_tensors_is_refused(path, place, value, said):
    config = content_of(path)["config"]
    config[place] = value
    with pytest.raises(UserError, match=said):
        read_exported(rewritten(path, config=config))


@pytest.mark.parametrize("config", [None, [], "1025", {"a": 1}])
def test_a_config_that_is_no_list_of_18_is_refused(path, config):
    with pytest.raises(UserError, match="is no list of 18 values"):
        read_exported(rewritten(path, config=config))


def test_another_decoder_of_applio_is_named(path):
    with pytest.raises(UserError, match="decoder of another kind \\('RefineGAN'\\)"):
        read_exported(rewritten(path, vocoder="RefineGAN"))


def test_a_checkpoint_is_no_exported_model(network, saved):
    with pytest.raises(UserError, match=r"is a checkpoint of a training \(f0G40k of RVC v2\)"):
        read_exported(saved(network))


def test_a_model_without_speakers_is_refused(path):
    weight = content_of(path)["weight"]
    del weight["emb_g.weight"]
    with pytest.raises(UserError, match=r"1 missing \(emb_g\.weight\)"):
        read_exported(rewritten(path, weight=weight))


def test_what_the_two_programs_cannot_load_is_said():
    assert unsupported(published_settings(40000)) == []
    second = evolve(published_settings(40000), resblock="2")
    assert [said for said in unsupported(second) if "Applio" in said]
    assert unsupported(evolve(second, content_dim=40))[0].startswith("RVC WebUI and Applio")
