"""Clips that were recorded at a lower rate than a recipe's, and how they are treated.

What is trained on them learns that high frequencies are silent. `dataset.upsampling` says whether
they are used.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from engine.corpus.table.manifest import Clip
from engine.errors import RefusedValuesError
from engine.files.text import visible

Upsampling = Literal["refuse", "allow", "leave_out"]
_SHOWN = 3


def recorded_lower(
    clips: Sequence[Clip], corpus: str, sample_rate_hz: int, upsampling: Upsampling
) -> np.ndarray:
    """Which clips were, bool [clips].

    Raises UserError where there are such and the recipe refuses them, and where it would leave all
    clips out.
    """
    rates = np.array([clip.sample_rate_hz for clip in clips], np.int64)
    low: np.ndarray = rates < sample_rate_hz
    if low.any() and upsampling == "refuse":
        raise RefusedValuesError(_refused(clips, rates, corpus, sample_rate_hz))
    if len(low) and low.all() and upsampling == "leave_out":
        raise RefusedValuesError(
            f"All {len(clips)} clips of corpus {corpus!r} were recorded below "
            f"{sample_rate_hz:,} Hz, and dataset.upsampling = 'leave_out' leaves them out. "
            f"Train a recipe of at most {rates.max(initial=0):,} Hz."
        )
    return low


def lower_rate_notes(num_lower: int, sample_rate_hz: int, upsampling: Upsampling) -> list[str]:
    """A sentence on such clips, where there are any."""
    if not num_lower:
        return []
    done = "left out" if upsampling == "leave_out" else "upsampled"
    return [f"{num_lower} clips were recorded below {sample_rate_hz:,} Hz and are {done}."]


def upsampled_warnings(clips: Sequence[Clip], rows: np.ndarray, sample_rate_hz: int) -> list[str]:
    """Warnings where clips at these rows were recorded at a lower sample rate."""
    rates = np.array([clips[row].sample_rate_hz for row in rows.tolist()], np.int64)
    num_lower = int((rates < sample_rate_hz).sum())
    if not num_lower:
        return []
    return [
        f"{num_lower:,} of the {len(rates):,} clips that are used were recorded below "
        f"{sample_rate_hz:,} Hz, the lowest at {rates.min():,} Hz, and are upsampled: the voice "
        "learns that high frequencies are silent. dataset.upsampling = 'leave_out' does without "
        "them."
    ]


def _refused(clips: Sequence[Clip], rates: np.ndarray, corpus: str, sample_rate_hz: int) -> str:
    low = np.flatnonzero(rates < sample_rate_hz)
    names = ", ".join(
        f"{visible(clips[row].id)} ({rates[row]:,} Hz)" for row in low[:_SHOWN].tolist()
    )
    return (
        f"{len(low)} of the {len(clips)} clips of corpus {corpus!r} were recorded below "
        f"the recipe's {sample_rate_hz:,} Hz, the lowest at {rates.min():,} Hz (first: "
        f"{names}). What is trained on them learns that high frequencies are silent. Set "
        "dataset.upsampling = 'leave_out' to do without them or 'allow' to use them as they are, "
        "or train a recipe of a lower sample_rate_hz."
    )
