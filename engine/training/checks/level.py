"""Whether recordings were made too loud: samples that stand at full scale one after another."""

from collections.abc import Sequence

import numpy as np

from engine.training.checks.check import Check
from engine.training.system import TrainingAudio

_CLIPS = 64
_FULL_SCALE = 32_700
_CLIPPED, _MOST = 0.005, 0.25
"""Share of a clip's samples at full scale from which it is clipped, and share of such clips."""


def level_check(places: Sequence[Sequence[int]], audio: TrainingAudio) -> Check:
    """How many training clips are clipped: a warning."""
    chosen = [place for part in places for place in part][:_CLIPS]
    clips = [clip for place in chosen if len(clip := audio.samples(place))]
    clipped = sum(_share_flat(clip) > _CLIPPED for clip in clips)
    said = f"{clipped} of {len(clips)} clips are clipped"
    if clipped <= _MOST * len(clips):
        return Check("level of clips", True, said, "warn")
    why = (
        f"over {_CLIPPED:.1%} of their samples are at full scale. They were recorded or amplified "
    )
    return Check("level of clips", False, f"{said}: {why}too loud", "warn")


def _share_flat(clip: np.ndarray) -> float:
    """Share of samples that stand at full scale like the one before: a loud tone has none."""
    full = np.abs(clip[1:].astype(np.int32)) >= _FULL_SCALE
    return float((full & (clip[1:] == clip[:-1])).mean()) if len(full) else 0.0
