"""Whether recordings were made too loud, or at levels that are far apart."""

from collections.abc import Sequence

import numpy as np

from engine.training.checks.check import Check
from engine.training.system import TrainingAudio

_CLIPS = 64
_FULL_SCALE = 32_700
_CLIPPED, _MOST = 0.005, 0.25
"""Share of a clip's samples at full scale from which it is clipped, and share of such clips."""
_LOUDNESS_CLIPS, _MOST_APART_DB = 192, 20.0
"""Clips whose loudness is measured; distance of its quartiles: 2 to 11 dB in eight corpora."""


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


def loudness_check(audio: TrainingAudio) -> Check:
    """Whether most clips are about equally loud: a warning."""
    clips = [audio.samples(place) for place, _ in audio.some(_LOUDNESS_CLIPS)]
    power = [float(np.square(clip.astype(np.float64)).mean()) for clip in clips if clip.any()]
    name = "loudness of clips"
    if not power:
        return Check(name, True, "not checked: no clip has a sound", "warn")
    quiet, loud = (10 * np.log10(one) for one in np.percentile(power, [25, 75]))
    said = f"a quarter of the clips is {loud - quiet:.0f} dB louder than another quarter"
    if loud - quiet <= _MOST_APART_DB:
        return Check(name, True, said, "warn")
    why = "they were recorded or converted at levels far apart. Bring them to one level"
    return Check(name, False, f"{said}: {why}", "warn")


def _share_flat(clip: np.ndarray) -> float:
    """Share of samples that stand at full scale like the one before: a loud tone has none."""
    full = np.abs(clip[1:].astype(np.int32)) >= _FULL_SCALE
    return float((full & (clip[1:] == clip[:-1])).mean()) if len(full) else 0.0
