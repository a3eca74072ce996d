"""Coding audio of any length in bounded memory, with the same codes and samples as in one piece.

A chunk is computed with so much of its surroundings that no frame which is kept depends on the
zero padding at the chunk's inner edges. How much is needed follows from the layers.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from attrs import frozen
from torch import Tensor, nn

from engine.nn.weight_norm import NormedConv1d, NormedConvTranspose1d
from engine.systems.codec.network.network import CodecNetwork

CHUNK_SAMPLES = 1 << 17
"""Samples of a chunk, its surroundings not counted. At DAC's full size, a GB or two of memory."""

_Convolution = NormedConv1d | NormedConvTranspose1d


@frozen
class Margin:
    """How many frames before and behind a frame its output depends on."""

    before: int
    behind: int


def encoder_margin(network: CodecNetwork) -> Margin:
    """The frames of samples that a frame's codes depend on, besides its own."""
    first, last = _reach(network.encoder, 0, 0)
    hop = network.settings.hop_length
    return Margin(-(first // hop), last // hop)


def decoder_margin(network: CodecNetwork) -> Margin:
    """The frames of codes that a frame's samples depend on, besides its own."""
    first, last = _reach(network.decoder, 0, network.settings.hop_length - 1)
    return Margin(-first, last)


@torch.no_grad()
def encode_chunks(
    network: CodecNetwork,
    blocks: Iterable[Tensor],
    num_quantizers: int | None = None,
    chunk_samples: int = CHUNK_SAMPLES,
) -> Iterator[Tensor]:
    """Codes int64 [n, frames], in pieces, of samples float32 [T] that come in blocks of any length.

    Together the pieces are the codes of the whole, on the CPU; silence fills the last frame.
    """
    hop, margin = network.settings.hop_length, encoder_margin(network)
    device = next(network.parameters()).device
    size = max(1, chunk_samples // hop)
    held, done = torch.zeros(0), 0  # the first `done` frames held are coded, and are surroundings
    for block in blocks:
        held = torch.cat([held, block])
        while len(held) >= (length := (done + size + margin.behind) * hop):
            codes = network.encode(held[None, None, :length].to(device), num_quantizers)
            yield codes[0, :, done : done + size].cpu()
            kept = min(margin.before, done + size)
            held, done = held[(done + size - kept) * hop :], kept
    if len(held) > done * hop:
        yield network.encode(held[None, None].to(device), num_quantizers)[0, :, done:].cpu()


@torch.no_grad()
def decode_chunks(
    network: CodecNetwork, codes: Tensor, chunk_samples: int = CHUNK_SAMPLES
) -> Iterator[Tensor]:
    """Audio float32 [B, samples], in pieces, of codes [B, n, frames]; on the CPU."""
    hop, margin = network.settings.hop_length, decoder_margin(network)
    device = next(network.parameters()).device
    num_frames = codes.shape[-1]
    size = max(1, chunk_samples // (hop * len(codes)))
    for start in range(0, num_frames, size):
        first, stop = max(0, start - margin.before), min(start + size, num_frames)
        chunk = codes[..., first : stop + margin.behind].to(device)
        audio = network.decode(chunk)[:, 0, (start - first) * hop : (stop - first) * hop]
        yield audio.float().cpu()


def encode_clip(network: CodecNetwork, samples: np.ndarray) -> Tensor:
    """Codes int64 [quantizers, frames], on the CPU, of a whole clip float32 [samples]."""
    return torch.cat(list(encode_chunks(network, [torch.from_numpy(samples)])), 1)


def decode_clip(network: CodecNetwork, codes: Tensor, num_samples: int) -> np.ndarray:
    """The first `num_samples` samples, float32, of a clip's codes [n, frames]."""
    audio = torch.cat(list(decode_chunks(network, codes[None])), 1)[0]
    samples: np.ndarray = audio[:num_samples].numpy()
    return samples


def _reach(module: nn.Module, first: int, last: int) -> tuple[int, int]:
    """The places of a module's input that its output from `first` to `last` depends on."""
    layers = [layer for layer in module.modules() if isinstance(layer, _Convolution)]
    for layer in reversed(layers):  # a path around one (a residual) reaches less far
        first, last = _reach_of(layer, first, last)
    return first, last


def _reach_of(layer: _Convolution, first: int, last: int) -> tuple[int, int]:
    if isinstance(layer, NormedConv1d):
        span = layer.dilation * (layer.kernel_size - 1)
        return first * layer.stride - layer.padding, last * layer.stride - layer.padding + span
    earliest = first + layer.padding - (layer.kernel_size - 1)
    return -(-earliest // layer.stride), (last + layer.padding) // layer.stride
