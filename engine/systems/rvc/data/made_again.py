"""Features of a few slices, computed again from their audio."""

from collections.abc import Sequence

import numpy as np
import torch

from engine.analysis.pitch.coarse import interpolate_unvoiced
from engine.systems.rvc.data.clips import VoiceSlices
from engine.systems.rvc.data.methods import Methods
from engine.systems.rvc.data.slices import at_feature_rate, slice_audio
from engine.training.checks.made_again import share_alike
from engine.training.system import Batch, MadeAgain

_SAME_CONTENT, _SAME_HERTZ, _SAME_AUDIO = 0.1, 5.0, 1e-3
"""Tolerances: of content in its standard deviations, of pitch in Hz, of audio in full scale."""


def made_again(slices: VoiceSlices, methods: Methods) -> MadeAgain:
    """Content, pitch and audio of slices, as their methods give them now."""

    def shares(places: Sequence[int], batch: Batch) -> dict[str, list[float]]:
        found = [_shares(slices, methods, *pair, batch) for pair in enumerate(places)]
        return {entry: [one[entry] for one in found] for entry in found[0]}

    return shares


def _shares(
    slices: VoiceSlices, methods: Methods, row: int, place: int, batch: Batch
) -> dict[str, float]:
    """Of the slice at `place`, which is a row of the batch; slices of silence are in no clip."""
    of_batch = [name for name in ("content", "audio", "f0") if name in batch]
    if slices.rows[place] < 0:
        return dict.fromkeys(of_batch, 1.0)
    samples = slice_audio(slices.packed, int(slices.rows[place]), slices.slices[place])
    at_16k = at_feature_rate(samples, slices.dataset.sample_rate_hz)
    frames = int(slices.frames[place])
    content = np.repeat(methods.content(at_16k), 2, axis=0)[:frames]
    kept = batch["content"][row]
    near = _SAME_CONTENT * float(content.std())
    made = {
        "content": share_alike(kept, torch.from_numpy(content), near),
        "audio": share_alike(
            batch["audio"][row, 0], samples[: frames * slices.hop_length], _SAME_AUDIO
        ),
    }
    if "f0" in batch and methods.pitch is not None:
        hertz = methods.pitch(at_16k)
        if slices.dataset.unvoiced == "interpolate":
            hertz = interpolate_unvoiced(hertz)
        made["f0"] = share_alike(batch["f0"][row], hertz[:frames], _SAME_HERTZ)
    return made
