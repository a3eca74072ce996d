"""Statistics of a voice over a whole recording, without a trained network.

Long-term averages of cepstra distinguish speakers roughly, whatever they say (Furui, 1981). They
identify which of a few voices a recording has; the share that is right on real recordings shows
how much that means.
"""

from collections.abc import Sequence

import numpy as np

from engine.metrics.cepstral_distortion import NUM_COEFFICIENTS, mel_cepstra

_HOP_SECONDS = 0.010
"""Hop of `mel_cepstra`."""
_QUIET_DB = 30.0
"""Frames so far below the loudest hold no voice."""
_LEAST_DEVIATION = 1e-6


def voice_statistics(audio: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """Means and deviations of the mel cepstra of audio [samples], over its louder frames.

    float64 [2 * 24]; zeros where there is no audio.
    """
    if not np.any(audio):
        return np.zeros(2 * NUM_COEFFICIENTS)
    cepstra = mel_cepstra(audio, sample_rate_hz)
    levels = _levels_db(audio, round(_HOP_SECONDS * sample_rate_hz), len(cepstra))
    kept = cepstra[levels >= levels.max() - _QUIET_DB]
    return np.concatenate([kept.mean(0), kept.std(0)])


def nearest_voice(voice: np.ndarray, others: Sequence[np.ndarray]) -> int:
    """The place of the one of several `voice_statistics` that is nearest to this one.

    Each figure is measured by how much the others differ in it.
    """
    known = np.stack(others)
    scaled = (known - voice) / np.maximum(known.std(0), _LEAST_DEVIATION)
    return int(np.square(scaled).sum(1).argmin())


def _levels_db(audio: np.ndarray, hop: int, num_frames: int) -> np.ndarray:
    """The level around each multiple of the hop, in dB."""
    padded = np.pad(np.square(audio, dtype=np.float64), (hop // 2, num_frames * hop))
    powers = padded[: num_frames * hop].reshape(num_frames, hop).mean(1)
    levels: np.ndarray = 10.0 * np.log10(powers + 1e-12)
    return levels
