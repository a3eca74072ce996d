"""Untrained coders at the codec's bitrate, as baselines for a trained network.

The coders are fitted to a few training clips, never to the clips they are measured on.
"""

from collections.abc import Callable, Sequence

import numpy as np
from attrs import frozen

from engine.metrics.signal import is_silent, si_sdr_db
from engine.systems.codec.coders.transform_coder import Coding, TransformCoder

Coder = Callable[[np.ndarray, int], Coding]
"""From a whole clip [samples], float32 in -1..1, and its sample rate in Hz to its `Coding`."""

NOTHING_TO_FIT = (
    "Of the training clips that baselines are fitted to none is audible at the recipe's level: "
    "silence is the only one."
)
"""The report's sentence where `excerpts` finds no audible clip."""

_NUM_CLIPS = 32
_CLIP_SECONDS = 5
_BITS_PER_SAMPLE = range(2, 9)
_MU = 255.0


def excerpts(
    read: Callable[[int], np.ndarray], num_clips: int, sample_rate_hz: int
) -> list[np.ndarray]:
    """The loudest 5 s [samples] of at most 32 clips, evenly spread; silent clips are left out.

    `read` gives the clip [samples] of an index below `num_clips`. One clip is held at a time.
    """
    rows = np.linspace(0, num_clips - 1, min(_NUM_CLIPS, num_clips)).astype(int)
    parts = [_loudest(read(row), _CLIP_SECONDS * sample_rate_hz) for row in rows.tolist()]
    return [part for part in parts if not is_silent(part)]


def baseline_coders(
    fitted: Sequence[np.ndarray], sample_rate_hz: int, bits_per_second: float
) -> dict[str, Coder]:
    """The coders by name, each at `bits_per_second` or, where it needs fewer bits, below.

    `silence` decodes everything to zeros; `mulaw_pcm` is telephone PCM at a lower sample rate, with
    the bits per sample that give the `fitted` excerpts [samples] the best SI-SDR; `transform` is a
    `TransformCoder`. Without excerpts `silence` is the only coder.
    """
    coders: dict[str, Coder] = {"silence": silence}
    if fitted:
        coders["mulaw_pcm"] = fit_mulaw_pcm(fitted, sample_rate_hz, bits_per_second)
        coders["transform"] = TransformCoder.fit(fitted, sample_rate_hz, bits_per_second)
    return coders


def silence(clip: np.ndarray, sample_rate_hz: int) -> Coding:  # noqa: ARG001  # is a Coder
    """Code a clip [samples] with no bits, and decode it to zeros."""
    return Coding(np.zeros(len(clip), np.float32), 0.0)


@frozen
class MuLawPcm:
    """A clip at `rate_hz`, each sample one of 2 ** `bits_per_sample` mu-law levels (ITU-T G.711).

    Levels are the middles of equal intervals of the companded amplitude, for mu = 255.
    """

    rate_hz: float
    bits_per_sample: int

    def __call__(self, clip: np.ndarray, sample_rate_hz: int) -> Coding:
        """Code a clip [samples] and decode it at its own sample rate."""
        import soxr

        samples = soxr.resample(clip.astype(np.float64), sample_rate_hz, self.rate_hz)
        companded = np.sign(samples) * np.log1p(_MU * np.abs(samples).clip(max=1.0)) / np.log1p(_MU)
        half = 2 ** (self.bits_per_sample - 1)
        levels = (np.floor(companded * half).clip(-half, half - 1) + 0.5) / half
        expanded = np.sign(levels) * np.expm1(np.abs(levels) * np.log1p(_MU)) / _MU
        audio = np.zeros(len(clip), np.float32)
        decoded = soxr.resample(expanded, self.rate_hz, sample_rate_hz)[: len(clip)]
        audio[: len(decoded)] = decoded
        return Coding(audio, float(self.bits_per_sample * len(samples)))


def fit_mulaw_pcm(
    clips: Sequence[np.ndarray], sample_rate_hz: int, bits_per_second: float
) -> MuLawPcm:
    """The mu-law PCM coder at a bitrate whose mean SI-SDR over clips [samples] is best.

    At one bitrate a coder has either many samples per second or many bits per sample.
    """
    coders = [
        MuLawPcm(min(bits_per_second / bits, sample_rate_hz), bits) for bits in _BITS_PER_SAMPLE
    ]

    def mean_si_sdr(coder: MuLawPcm) -> float:
        return float(
            np.mean([si_sdr_db(clip, coder(clip, sample_rate_hz).audio) for clip in clips])
        )

    return max(coders, key=mean_si_sdr)


def _loudest(clip: np.ndarray, length: int) -> np.ndarray:
    starts = range(0, max(1, len(clip)), length)
    loudest = max((clip[at : at + length] for at in starts), key=lambda part: float(part @ part))
    return loudest.copy()  # a view would keep the whole clip
