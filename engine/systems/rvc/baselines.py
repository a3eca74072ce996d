"""Untrained baselines for a trained voice.

For clips of other speakers: `source`, the clip itself, with the right words in the wrong pitch and
voice; and `shifted`, the clip at the pitch that was asked for. For held-out clips: `mean_mel`, the
mean log mel spectrum of the training clips in every frame.
"""

from collections.abc import Mapping
from itertools import islice

import numpy as np
import soxr
import torch
from torchaudio.functional import phase_vocoder

from engine.systems.rvc.data.clips import VoiceClips, VoiceSlices
from engine.systems.rvc.evaluate import Asked, Convert, Table, named
from engine.systems.rvc.parts import parts_of
from engine.systems.rvc.resynthesis import Resynthesis
from engine.training.system import Evaluated

_WINDOW = 2048
_MOST_SLICES = 64
"""Number of slices over which a mean spectrum is taken."""


def source(asked: Asked, number: int) -> np.ndarray:
    """A part of a clip, unchanged."""
    return asked.parts[number].audio


def shifted(asked: Asked, number: int) -> np.ndarray:
    """A part of a clip at the pitch that was asked for; the formants move too."""
    return shift_pitch(asked.parts[number].audio, asked.semitones)


BASELINES: Mapping[str, Convert] = {"source": source, "shifted": shifted}
"""Untrained conversions by their names."""


def shift_pitch(audio: np.ndarray, semitones: float) -> np.ndarray:
    """Audio [samples] with its pitch shifted, float32 [samples].

    A phase vocoder makes it longer or shorter, and resampling as long as it was.
    """
    if semitones == 0.0:
        return audio
    factor = 2.0 ** (semitones / 12.0)
    hop, window = _WINDOW // 4, torch.hann_window(_WINDOW)
    padded = np.pad(audio, (0, max(0, _WINDOW - len(audio))))
    spectrum = torch.stft(
        torch.from_numpy(padded), _WINDOW, hop, window=window, return_complex=True
    )
    advance = torch.linspace(0, torch.pi * hop, _WINDOW // 2 + 1)[:, None]
    stretched = torch.istft(
        phase_vocoder(spectrum[None], 1.0 / factor, advance)[0], _WINDOW, hop, window=window
    )
    made = soxr.resample(stretched.numpy(), factor, 1.0)[: len(audio)]
    whole: np.ndarray = np.pad(made, (0, len(audio) - len(made))).astype(np.float32)
    return whole


def mean_mel(resynthesis: Resynthesis, learned: VoiceSlices, clips: VoiceClips) -> Evaluated:
    """The mel distance of clips from the mean log mel spectrum of at most 64 learned slices."""
    spectra = (resynthesis.log_mel(learned.audio(place)) for place in range(len(learned)))
    mean = torch.cat([*islice(spectra, _MOST_SLICES)], 1).mean(1, keepdim=True)
    table = Table()
    for place in range(len(clips)):
        of_clip = Table()
        for part in parts_of(clips, place):
            distance = (resynthesis.log_mel(part.audio) - mean).abs().mean()
            of_clip.add({"mel": float(distance)})
        table.add(of_clip.means)
    return Evaluated(named("baseline/mean_mel", table.means), named("mean_mel", table.arrays))
