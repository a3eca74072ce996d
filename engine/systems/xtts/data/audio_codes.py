"""Audio codes of waveforms and corpora, whether a DVAE or k-means makes them."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from engine.corpus.audio.pcm import FULL_SCALE
from engine.systems.xtts.network.dvae import Dvae
from engine.systems.xtts.network.kmeans import KmeansCodes, fit_centroids, stack_frames
from engine.systems.xtts.network.mel import CODE_STRIDE, NUM_MELS, CodeMel

CODE_TYPE = np.dtype("<i2")
_SEED = 1
"""Draws the frames at which centroids start."""


class AudioCodes(nn.Module):
    """Encodes audio to codes: a mel spectrogram by `mel_stats` [80], and its coder. Frozen.

    A clip is coded alone, so that no other clip affects its codes. Upstream codes batches padded
    with silence: there the last codes of a clip also depend on the padding that follows it.
    """

    def __init__(self, coder: Dvae | KmeansCodes, mel_stats: Tensor) -> None:
        super().__init__()
        self.coder, self.mel = coder, CodeMel(mel_stats)
        self.requires_grad_(False)

    @property
    def num_codes(self) -> int:
        """Codes there are, without the marks of start and stop that the GPT adds."""
        return self.coder.num_codes

    @torch.no_grad()
    def encode_waveform(self, waveform: Tensor) -> Tensor:
        """Codes int64 [`num_codes_in(samples)`] of a waveform [samples] in -1..1 at 22,050 Hz."""
        codes = self.coder.encode(self.mel(waveform.to(self.mel.mel_stats.device))[None])[0]
        # Audio of n whole strides has 4 n + 1 mel frames: the last makes a code beyond its end.
        return codes[: num_codes_in(len(waveform))]

    @torch.no_grad()
    def decode_mel(self, codes: Tensor) -> Tensor:
        """Normalized mel spectrogram [80, 4 n] of codes [n] below `num_codes`, any integer type."""
        return self.coder.decode(codes[None].to(self.mel.mel_stats.device))[0]

    @torch.no_grad()
    def to_waveform(self, codes: Tensor) -> Tensor:
        """Waveform [1024 n] of codes [n] without a vocoder (Griffin and Lim), for listening."""
        return self.mel.to_waveform(self.decode_mel(codes), CODE_STRIDE * len(codes))


def num_codes_in(num_samples: int) -> int:
    """Codes of a clip of `num_samples` samples at 22,050 Hz: one for each 1024 begun."""
    return -(-num_samples // CODE_STRIDE)


def code_all(
    codes: AudioCodes, read: Callable[[int], np.ndarray], lengths: Sequence[int] | np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The codes of a corpus: flat [codes] int16, and where each clip's begin, int64 [clips + 1].

    `read(clip)` gives a clip's int16 samples, `lengths` says how many there are. One clip is in
    memory at a time.
    """
    assert codes.num_codes <= np.iinfo(CODE_TYPE).max, codes.num_codes
    counts = [num_codes_in(int(length)) for length in lengths]
    offsets = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
    flat = np.empty(offsets[-1], CODE_TYPE)
    for clip, (start, stop) in enumerate(pairwise(offsets)):
        flat[start:stop] = codes.encode_waveform(as_waveform(read(clip))).cpu().numpy()
    return flat, offsets


def as_waveform(samples: np.ndarray) -> Tensor:
    """Packed int16 samples as a float32 waveform in -1..1."""
    return torch.from_numpy(samples.astype(np.float32) / FULL_SCALE)


def fit_audio_codes(waveforms: Sequence[Tensor], num_codes: int) -> AudioCodes:
    """Audio codes by k-means, fitted to waveforms [samples] in -1..1 at 22,050 Hz.

    The seed of a run has no part in it: runs whose codes differ cannot be compared. All mel
    spectrograms are in memory at once, 100 MB an hour. Raises UserError where there is less audio
    than codes.
    """
    mel_stats = mean_mel_statistics(waveforms)
    mel = CodeMel(mel_stats)
    frames = torch.cat([stack_frames(mel(waveform)[None])[0] for waveform in waveforms])
    return AudioCodes(KmeansCodes(fit_centroids(frames, num_codes, _SEED)), mel_stats)


@torch.no_grad()
def mean_mel_statistics(waveforms: Sequence[Tensor]) -> Tensor:
    """The `mel_stats` [80] of audio for which none are published.

    The mean absolute log mel of each band over all frames of waveforms [samples]: divided by it,
    all bands are of the size of one. How upstream's was computed is not known.
    """
    log_mel = CodeMel(torch.ones(NUM_MELS))
    total, num_frames = torch.zeros(NUM_MELS, dtype=torch.float64), 0
    for waveform in waveforms:
        mel = log_mel(waveform)
        total += mel.double().abs().sum(-1)
        num_frames += mel.shape[-1]
    return (total / num_frames).float()
