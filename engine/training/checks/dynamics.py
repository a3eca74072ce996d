"""Whether the level of clips rises and falls as that of a recording does, with short pauses."""

from collections.abc import Iterator, Sequence

import numpy as np

from engine.training.checks.check import Check
from engine.training.system import TrainingAudio

_CLIPS, _MOST_SECONDS = 192, 10.0
_FRAME_SECONDS, _FEWEST_FRAMES = 0.032, 8
_LEAST_RANGE_DB, _LEAST_RANGE_OF_SPEECH_DB, _MOST_STEADY = 3.0, 10.0, 0.1
"""Range from the 5th to the 95th percentile of a clip's frames; share of clips below it. Noise has
1 to 3; speech in noise or music of its own level 5 to 9; speech 20 to 45."""
_LEAST_MEDIAN_OF_SPEECH_DB = 18.0
"""Median of the clips' ranges; 22 to 114 dB in twelve sets of recordings,
14 to 18 with a hum 10 dB below the voice."""
_PAUSE_DB, _MOST_PAUSE_SECONDS, _MOST_PAUSES = 35.0, 2.0, 0.25
"""A frame so far below the loudest one is a pause. At both ends of a clip: their mean length,
and their share of the audio, from which both together are too much."""
_FLOOR = 1e-4
"""Added to the power of int16 samples, so that digital silence has a level."""


def dynamics_checks(audio: TrainingAudio, is_speech: bool) -> Iterator[Check]:
    """Look at some training clips for noise and long pauses, of speech for music too: warnings."""
    measured = [(clip.id, _levels(place, audio)) for place, clip in audio.some(_CLIPS)]
    found = [(name, levels) for name, levels in measured if len(levels) >= _FEWEST_FRAMES]
    if not found:
        yield Check("dynamics of clips", True, "not checked: the clips are too short", "warn")
        return
    yield _steady_check(found, is_speech)
    yield _pauses_check([levels for _, levels in found])


def _steady_check(found: Sequence[tuple[str, np.ndarray]], is_speech: bool) -> Check:
    """Whether the level of nearly every clip rises and falls."""
    least = _LEAST_RANGE_OF_SPEECH_DB if is_speech else _LEAST_RANGE_DB
    ranges = [float(np.subtract(*np.percentile(levels, [95, 5]))) for _, levels in found]
    steady = [name for (name, _), one in zip(found, ranges, strict=True) if one < least]
    median, few = float(np.median(ranges)), len(steady) <= _MOST_STEADY * len(found)
    said = f"the level of {len(steady)} of {len(found)} clips varies by less than {least:g} dB"
    if few and (median >= _LEAST_MEDIAN_OF_SPEECH_DB or not is_speech):
        return Check("dynamics of clips", True, f"{said} (median {median:.0f} dB)", "warn")
    if few:
        said = f"the level of half of the clips varies by less than {median:.0f} dB"
    else:
        said += f" (first: {', '.join(steady[:3])})"
    why = "they hold steady noise, or a held tone"
    if is_speech:
        why = "that of speech varies by 20 and more. There is noise, a hum or music, alone or "
        why += "behind the voice"
    return Check("dynamics of clips", False, f"{said}: {why}", "warn")


def _pauses_check(found: Sequence[np.ndarray]) -> Check:
    """Whether clips begin and end about where their sound does."""
    pauses = sum(map(_frames_outside, found))
    share, seconds = pauses / sum(map(len, found)), pauses / len(found) * _FRAME_SECONDS
    said = f"a clip has {seconds:.2g} s of silence at its ends, {share:.0%} of the audio"
    if seconds <= _MOST_PAUSE_SECONDS or share <= _MOST_PAUSES:
        return Check("pauses of clips", True, said, "warn")
    why = "trim the clips, or the model learns to pause"
    return Check("pauses of clips", False, f"{said}: {why}", "warn")


def _frames_outside(levels: np.ndarray) -> int:
    """Number of frames before the first and after the last loud one."""
    loud = np.flatnonzero(levels >= levels.max() - _PAUSE_DB)
    return int(len(levels) - (loud[-1] - loud[0] + 1))


def _levels(place: int, audio: TrainingAudio) -> np.ndarray:
    """Level in dB of frames of 32 ms, every 32 ms, of the first seconds of a clip [frames].

    Nothing for a silent clip.
    """
    size = round(_FRAME_SECONDS * audio.sample_rate_hz)
    clip = audio.samples(place)[: round(_MOST_SECONDS * audio.sample_rate_hz)]
    frames = clip[: len(clip) // size * size].reshape(-1, size).astype(np.float32)
    power = np.square(frames).mean(1)
    if not power.any():
        return np.zeros(0)
    levels: np.ndarray = 10 * np.log10(power + _FLOOR)
    return levels
