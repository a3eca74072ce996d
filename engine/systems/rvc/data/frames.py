"""The number of frames of a slice, on which audio, spectrogram, pitch and content must agree."""

import numpy as np

from engine.analysis.content.encoder import ContentEncoder
from engine.analysis.pitch.method import num_frames
from engine.errors import UserError
from engine.files.text import visible
from engine.systems.rvc.dataset_table import FRAMES_A_SECOND

TOLERANCE = 2
"""Frames, of 10 ms: HuBERT's convolutions are not padded, and take up to two less."""


def frames_of(
    slices: np.ndarray, encoder: ContentEncoder, sample_rate_hz: int, clip_ids: list[str]
) -> np.ndarray:
    """The number of frames that all features of each SLICE have, int64 [slices].

    `clip_ids` are the clips' by the slices' field "clip". Raises UserError naming the clip whose
    audio, pitch and content are more than two frames apart.
    """
    spectrogram = (slices["stop"] - slices["start"]) // (sample_rate_hz // FRAMES_A_SECOND)
    at_16k = slices["samples_16k"].tolist()
    pitch = np.array([num_frames(samples) for samples in at_16k], np.int64)
    content = np.array([2 * encoder.num_frames(samples) for samples in at_16k], np.int64)
    # Pitch has a frame at the end too, where a spectrogram has none.
    apart = np.maximum(np.abs(content - spectrogram), np.abs(pitch - 1 - spectrogram))
    for place in np.flatnonzero(apart > TOLERANCE)[:1].tolist():
        raise UserError(
            f"A slice of clip '{visible(clip_ids[slices['clip'][place]])}' has "
            f"{spectrogram[place]} frames of spectrogram, {pitch[place]} of pitch and "
            f"{content[place]} of content: the features are of other audio, or the encoder does "
            "not give 50 frames per second. Delete build/features and prepare again."
        )
    frames: np.ndarray = np.minimum(np.minimum(spectrogram, pitch), content)
    return frames
