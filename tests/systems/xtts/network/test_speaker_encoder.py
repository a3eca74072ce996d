"""Our speaker encoder against Coqui's, with random weights and statistics."""

import pytest
import torch

from engine.systems.xtts.network.speaker_encoder import SpeakerEncoder

AUDIO_CONFIG = {
    "fft_size": 512,
    "win_length": 400,
    "hop_length": 160,
    "sample_rate": 16_000,
    "preemphasis": 0.97,
    "num_mels": 64,
}


@pytest.fixture(scope="module")
def coqui():
    """Coqui's class as XTTS makes it; batch statistics that are not those of a new network."""
    resnet = pytest.importorskip("TTS.encoder.models.resnet")
    torch.manual_seed(0)
    model = resnet.ResNetSpeakerEncoder(
        64, 512, log_input=True, use_torch_spec=True, audio_config=AUDIO_CONFIG
    )
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2.0)
    return model.eval()


@pytest.fixture(scope="module")
def ours(coqui):
    model = SpeakerEncoder()
    model.load_state_dict(coqui.state_dict(), strict=True)
    return model.eval()


@pytest.fixture(scope="module")
def waveforms():
    """Two seconds of tones that wander, in noise: [2, 32000]."""
    time = torch.arange(32_000) / 16_000
    pitch = torch.tensor([[110.0], [230.0]]) * (1 + 0.2 * torch.sin(3 * time))
    noise = torch.randn(2, 32_000, generator=torch.Generator().manual_seed(1))
    return 0.3 * torch.sin(2 * torch.pi * pitch.cumsum(1) / 16_000) + 0.01 * noise


def shapes(model):
    return {name: tuple(value.shape) for name, value in model.state_dict().items()}


def test_the_state_dict_has_upstreams_names_and_shapes_buffers_among_them(ours, coqui):
    assert shapes(ours) == shapes(coqui)
    assert "torch_spec.1.mel_scale.fb" in shapes(ours)


def test_a_new_one_makes_the_same_front_end_without_loading(coqui):
    fresh = SpeakerEncoder().state_dict()
    for name, value in coqui.state_dict().items():
        if name.startswith("torch_spec."):
            assert torch.equal(fresh[name], value)


@torch.no_grad()
def test_embeddings_are_those_of_upstream(ours, coqui, waveforms):
    wanted = coqui(waveforms.clone(), l2_norm=True)
    embeddings = ours(waveforms)
    assert embeddings.shape == (2, 512)
    assert (embeddings - wanted).abs().max() < 1e-5
    assert embeddings.norm(dim=1).tolist() == pytest.approx([1.0, 1.0], abs=1e-5)
    assert (wanted[0] - wanted[1]).norm() > 1e-2, "the two clips are not heard as one"


@torch.no_grad()
def test_an_embedding_does_not_depend_on_the_rest_of_the_batch(ours, waveforms):
    assert torch.allclose(ours(waveforms)[:1], ours(waveforms[:1]), atol=1e-6)


@torch.no_grad()
def test_how_loud_a_clip_is_hardly_matters(ours, waveforms):
    assert (ours(0.5 * waveforms) - ours(waveforms)).norm(dim=1).max() < 0.05
