"""What is compared with RVC's own code: sizes, weights, inputs. Nothing here is drawn or stored.

`make.py` gives them to RVC's code, the tests to the engine's.
"""

from binascii import crc32
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from attrs import evolve

from engine.systems.rvc.network.settings import published_settings

OUTPUTS = Path(__file__).parent / "outputs.npz"
KEYS = OUTPUTS.with_name("keys.json")
FIRST = "f0G40k_v2"
"""The synthesizer from which keys.json gives the differences of the others."""
NUM_FRAMES, SEGMENT_FRAMES, LENGTHS, STARTS = 24, 10, (24, 19), (3, 9)
NUM_STEPS = 3
NUM_MELS = {32000: 80, 40000: 125, 48000: 128}
SETTINGS = {
    f"{version}_{rate // 1000}k_{'f0' if uses_f0 else 'no_f0'}": evolve(
        published_settings(rate, version, uses_f0=uses_f0),
        num_speakers=3,
        speaker_dim=6,
        latent_dim=8,
        hidden_dim=8,
        filter_dim=16,
        num_layers=2,
        upsample_initial_channels=64,
    )
    for version in ("v1", "v2")
    for rate in (32000, 40000, 48000)
    for uses_f0 in (True, False)
}
SETTINGS["v2_40k_resblock_2"] = evolve(
    SETTINGS["v2_40k_f0"],
    resblock="2",
    resblock_kernels=(3, 7),
    resblock_dilations=((1, 3), (1, 3)),
)
TRAINED = {"v2_40k_f0": "v2"}
"""Which are trained, against the discriminators of which version."""
PARTS = ("enc_p", "enc_q", "flow", "dec", "emb_g")


class Inputs(NamedTuple):
    """A batch of two clips."""

    content: torch.Tensor
    f0_coarse: torch.Tensor
    f0: torch.Tensor
    waveform: torch.Tensor
    lengths: torch.Tensor
    speaker: torch.Tensor
    starts: torch.Tensor
    latent_noise: torch.Tensor
    source_noise: torch.Tensor
    """Of as many samples as the whole clip has."""


def numbers(name, shape):
    """Numbers from -1 to 1 that follow from a name, by a generator that numpy promises to keep."""
    state = np.random.RandomState(crc32(name.encode()))
    return torch.from_numpy(2 * state.random_sample(shape) - 1).float()


def weights(state):
    """A state dict of the same names and shapes: signals come through at about the same level."""
    return {name: _weight(name, tensor.shape) for name, tensor in state.items()}


def _weight(name, shape):
    of_name = numbers(name, tuple(shape))
    if name.endswith(("weight_g", "gamma")):
        return 1 + 0.2 * of_name
    if name.endswith(("bias", "beta")):
        return 0.1 * of_name
    if name.startswith("emb"):
        return of_name
    fan_in = int(np.prod(shape[1:]))
    return of_name * (3 / fan_in) ** 0.5


def inputs(settings):
    """The batch, of the sizes of a network. Its pitch has unvoiced frames at both ends of some."""
    frames, hop = (2, NUM_FRAMES), settings.hop_length
    f0 = 200 + 100 * numbers("f0", frames)
    f0[:, 5:8] = 0.0
    return Inputs(
        content=2 * numbers("content", (*frames, settings.content_dim)),
        f0_coarse=(128 + 127 * numbers("coarse", frames)).long(),
        f0=f0,
        waveform=0.03 * numbers("waveform", (2, NUM_FRAMES * hop)),
        lengths=torch.tensor(LENGTHS),
        speaker=torch.tensor([2, 0]),
        starts=torch.tensor(STARTS),
        latent_noise=1.7 * numbers("latents", (2, settings.latent_dim, NUM_FRAMES)),
        source_noise=1.7 * numbers("source", (2, NUM_FRAMES * hop)),
    )


def norms(network):
    """The norm of the gradient of each part of a synthesizer."""
    parts = ([p.grad.norm() for p in getattr(network, part).parameters()] for part in PARTS)
    return torch.stack([torch.stack(part).norm() for part in parts]).numpy()


def some(tensor):
    """Some thirty values of a tensor, spread over it."""
    flat = tensor.detach().float().flatten()
    return flat[:: max(1, len(flat) // 31)].numpy()
