"""Small GPTs: one of ours, and one of upstream's with ours of the same weights.

Upstream is imported where it is asked for: that takes ten seconds.
"""

from copy import deepcopy
from typing import NamedTuple

import pytest
import torch
from attrs import asdict
from torch import Tensor, nn

from engine.systems.xtts.network.gpt import GptSettings, XttsGpt
from tests.systems.xtts.small_project import (  # noqa: F401 (fixtures)
    make_xtts,
    make_xtts_recipe,
    spoken_project,
    train,
)

SETTINGS = GptSettings(
    num_layers=3,
    dim=128,
    num_heads=4,
    num_text_tokens=30,
    start_text_token=3,
    stop_text_token=0,
    num_audio_tokens=66,
    start_audio_token=64,
    stop_audio_token=65,
    max_audio_tokens=60,
    max_text_tokens=40,
)


class Clips(NamedTuple):
    """A batch of clips as `XttsGpt.forward` takes it, and the mels [B, 80, frames] of voices."""

    mels: Tensor
    text: Tensor
    text_lengths: Tensor
    codes: Tensor
    code_lengths: Tensor


@pytest.fixture(scope="session")
def gpt_settings():
    return SETTINGS


@pytest.fixture(scope="session")
def make_upstream_gpt():
    """Upstream's GPT by the settings of ours, as it is built for training."""

    def make(settings=SETTINGS):
        from TTS.tts.layers.xtts.gpt import GPT

        own = asdict(settings)
        same = ("start_text_token", "stop_text_token", "max_text_tokens", "max_prompt_tokens")
        same += ("num_audio_tokens", "start_audio_token", "stop_audio_token")
        return GPT(
            layers=settings.num_layers,
            model_dim=settings.dim,
            heads=settings.num_heads,
            number_text_tokens=settings.num_text_tokens,
            max_mel_tokens=settings.max_audio_tokens,
            code_stride_len=settings.code_stride,
            use_perceiver_resampler=True,
            **{name: own[name] for name in same},
        )

    return make


@pytest.fixture(scope="session")
def upstream_gpt(make_upstream_gpt):
    """Upstream's GPT in evaluation mode, with weights of which none is as it starts."""
    torch.manual_seed(1)
    network = make_upstream_gpt().eval()
    moved(network)
    return network


@pytest.fixture
def same_gpt(upstream_gpt):
    """Ours with upstream's weights, in evaluation mode."""
    network = XttsGpt(SETTINGS).eval()
    network.load_state_dict(upstream_gpt.state_dict())
    return network


@pytest.fixture(scope="session")
def upstream_speaker(upstream_gpt):
    """Upstream's GPT with the layers it speaks by."""
    network = deepcopy(upstream_gpt)
    network.init_gpt_for_inference()
    return network.eval()


@pytest.fixture
def gpt():
    """Ours alone, in evaluation mode: needs no upstream."""
    torch.manual_seed(2)
    network = XttsGpt(SETTINGS).eval()
    moved(network)
    return network


@pytest.fixture
def clips():
    """Three clips of different lengths. Padding is no token that could stand for nothing."""
    random = torch.Generator().manual_seed(3)
    text = torch.randint(4, 30, (3, 12), generator=random)
    codes = torch.randint(0, 64, (3, 20), generator=random)
    lengths = torch.tensor([12, 7, 1]), torch.tensor([20, 9, 3])
    return Clips(torch.randn(3, 80, 40, generator=random), text, lengths[0], codes, lengths[1])


def moved(network: nn.Module) -> None:
    """Zeros, ones and small values would hide what is added, scaled or not attended to."""
    random = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=random), alpha=0.05)
