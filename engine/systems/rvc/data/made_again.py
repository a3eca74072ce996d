"""Features of a few slices, computed again from their audio."""

from collections.abc import Sequence

import numpy as np

from engine.analysis.pitch.coarse import interpolate_unvoiced
from engine.systems.rvc.data.clips import VoiceSlices
from engine.systems.rvc.data.methods import Methods
from engine.systems.rvc.data.slices import at_feature_rate, slice_audio
from engine.training.system import Again, Batch, MadeAgain

_SAME_CONTENT, _SAME_HERTZ, _SAME_AUDIO = 0.1, 5.0, 1e-3
"""Tolerances: of content in its standard deviations, of pitch in Hz, of audio in full scale."""


def made_again(slices: VoiceSlices, methods: Methods) -> MadeAgain:
    """Content, pitch, audio and speaker of slices, as their methods and the table give them now."""

    def again(places: Sequence[int], batch: Batch) -> dict[str, list[Again]]:
        clips = [(row, place) for row, place in enumerate(places) if slices.rows[place] >= 0]
        found = [_again(slices, methods, row, place, batch) for row, place in clips]
        return {entry: [one[entry] for one in found] for entry in (found[0] if found else ())}

    return again


def _again(
    slices: VoiceSlices, methods: Methods, row: int, place: int, batch: Batch
) -> dict[str, Again]:
    """The entries of the slice at `place`, which is a row of the batch."""
    samples = slice_audio(slices.packed, int(slices.rows[place]), slices.slices[place])
    at_16k = at_feature_rate(samples, slices.dataset.sample_rate_hz)
    frames = int(slices.frames[place])
    kept = {name: batch[name][row].numpy() for name in batch}
    content = np.repeat(methods.content(at_16k), 2, axis=0)[:frames]
    audio = samples[: frames * slices.hop_length]
    found = {
        "content": Again(kept["content"], content, _SAME_CONTENT * float(content.std())),
        "audio": Again(kept["audio"][0], audio, _SAME_AUDIO),
        "speaker": Again(kept["speaker"][None], slices.speakers[place : place + 1], 0.0),
    }
    if "f0" in batch and methods.pitch is not None:
        hertz = methods.pitch(at_16k)
        if slices.dataset.unvoiced == "interpolate":
            hertz = interpolate_unvoiced(hertz)
        found["f0"] = Again(kept["f0"], hertz[:frames], _SAME_HERTZ)
    return found
