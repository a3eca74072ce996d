"""Networks of RVC's forms that cost next to nothing, and files of them."""

import pytest
import torch
from attrs import evolve

from engine.systems.rvc.network.settings import SynthesizerSettings, published_settings
from engine.systems.rvc.network.synthesizer import Synthesizer

SMALL = {
    "num_speakers": 3,
    "speaker_dim": 6,
    "latent_dim": 8,
    "hidden_dim": 8,
    "filter_dim": 16,
    "num_layers": 1,
    "upsample_initial_channels": 32,
}


def small_settings(rate=40000, version="v2", *, uses_f0=True, **others) -> SynthesizerSettings:
    settings = published_settings(rate, version, uses_f0=uses_f0)
    return evolve(settings, **{**SMALL, **others})


@pytest.fixture
def network():
    torch.manual_seed(0)
    return Synthesizer(small_settings()).eval()


@pytest.fixture
def saved(tmp_path):
    """Writes a network's weights as RVC does, half or single, and says where."""

    def save(network, *, half=True, name="f0G.pth"):
        state = {
            key: value.half() if half else value for key, value in network.state_dict().items()
        }
        path = tmp_path / name
        torch.save({"model": state, "iteration": 3, "learning_rate": 1e-4}, path)
        return path

    return save
