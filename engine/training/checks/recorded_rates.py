"""Whether files of different sample rates sound as if played at one speed.

A file whose header names another rate than it was recorded at is played too fast or too slowly, and
its whole spectrum is shifted by that factor. Voices differ by less: those of women and men by about
a sixth in their formants (Fant, "A note on vocal tract size factors", 1966).
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from engine.training.checks.check import Check
from engine.training.checks.speech_frames import SpeechFrames, speech_frames
from engine.training.system import TrainingAudio

_CLIPS, _FEWEST = 192, 6
_LOWEST_HZ, _STEPS = 100.0, 12
"""Steps of the logarithmic frequency scale in an octave."""
_LEAST_RATIO, _MOST_SHIFT, _NEAR = 4, 15, 2
"""In steps: rates that are nearer are not distinguished; how far spectra are shifted; how far the
best shift may be from the ratio of the rates."""
_ALIKE, _BETTER = 0.96, 0.03
"""Least correlation of the shifted spectra, and its least distance from that without a shift."""
_FEWEST_BANDS = 20
_NAME = "speed of files"


def recorded_rates_check(audio: TrainingAudio) -> Check | None:
    """Compare files of each rate with those of the most frequent one: a warning.

    None where all files have one rate.
    """
    places: dict[int, list[int]] = {}
    for place, clip in audio.some(_CLIPS):
        places.setdefault(clip.sample_rate_hz, []).append(place)
    counts = Counter({rate: len(ones) for rate, ones in places.items()})
    if len(counts) < 2:
        return None
    (usual, _), *others = counts.most_common()
    reference, compared = _spectrum(audio, places[usual]), 0
    for rate, number in others:
        spectrum = _spectrum(audio, places[rate])
        if spectrum is None or reference is None:
            continue
        compared += 1
        ratio = _STEPS * float(np.log2(rate / usual))
        if abs(ratio) >= _LEAST_RATIO and _is_shifted_by(reference, spectrum, ratio):
            times = max(rate, usual) / min(rate, usual)
            said = f"files at {rate:,} Hz ({number} of {counts.total()}) sound like those at "
            said += (
                f"{usual:,} Hz played {times:.3g} times too {'fast' if ratio > 0 else 'slowly'}: "
            )
            said += "their headers seem to name a wrong sample rate. Write the rate that they were "
            return Check(_NAME, False, f"{said}recorded at into the files", "warn")
    said = f"files at {usual:,} Hz and at {compared} other sample rates have spectra of one speed"
    return Check(_NAME, True, said if compared else "not checked: too few files", "warn")


def _spectrum(audio: TrainingAudio, places: Sequence[int]) -> np.ndarray | None:
    """Mean level [bands] of some clips on a logarithmic frequency scale.

    None where too few of them have sound.
    """
    clips = (speech_frames(audio.samples(place), audio.sample_rate_hz) for place in places)
    levels = [_level(clip) for clip in clips if clip is not None]
    return np.mean(levels, axis=0) if len(levels) >= _FEWEST else None


def _level(clip: SpeechFrames) -> np.ndarray:
    half, power = clip.sample_rate_hz / 2, clip.loud_power.mean(0)
    steps = np.arange(np.log2(_LOWEST_HZ), np.log2(0.95 * half), 1 / _STEPS)
    there = np.interp(2**steps, np.linspace(0, half, len(power)), power)
    level: np.ndarray = np.log(there + 1e-9 * power.max())
    return level


def _is_shifted_by(reference: np.ndarray, spectrum: np.ndarray, ratio: float) -> bool:
    """Whether one spectrum is the other, shifted by a number of steps."""
    fits = {
        shift: _correlation(reference, spectrum, shift)
        for shift in range(-_MOST_SHIFT, _MOST_SHIFT + 1)
    }
    best = max(fits, key=lambda shift: fits[shift])
    is_near = abs(best - ratio) <= _NEAR
    return is_near and fits[best] >= _ALIKE and fits[best] - fits[0] >= _BETTER


def _correlation(reference: np.ndarray, spectrum: np.ndarray, shift: int) -> float:
    first, second = (reference, spectrum) if shift >= 0 else (spectrum, reference)
    length = len(reference) - abs(shift)
    if length < _FEWEST_BANDS:
        return -1.0
    return float(np.corrcoef(first[:length], second[abs(shift) :])[0, 1])
