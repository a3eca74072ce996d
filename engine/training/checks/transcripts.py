"""Whether transcripts are as long as their audio says: those of other clips rarely are."""

import numpy as np

from engine.training.checks.check import Check
from engine.training.checks.clips import Drawn
from engine.training.system import Spoken

TEXTS = 256
"""Clips that are looked at: more than for other checks, since a few stand out in every corpus."""
_FEWEST = 24
_FAR, _LEAST_FAR = 4.0, 0.35
"""A clip stands out by so many deviations, and by this logarithm at least: a factor of 1.4."""
_MOST_OUT = 0.08
"""Share of clips that stand out in healthy corpora, at most: docs/truth.md, "Probes"."""


def transcripts_check(drawn: Drawn, spoken: Spoken) -> Check:
    """Compare each clip's rate of text with that of the corpus: a warning.

    The spread is that of the middle half of the clips, so that some wrong ones do not hide
    themselves.
    """
    name = "length of transcripts"
    pairs = [spoken(batch) for batch in drawn.batches]
    text, audio = (np.concatenate([pair[side].numpy() for pair in pairs]) for side in (0, 1))
    known = (text > 0) & (audio > 0)
    if int(known.sum()) < _FEWEST:
        return Check(name, True, f"not checked: fewer than {_FEWEST} clips have a text", "warn")
    rate = np.log(text[known] / audio[known])
    apart = np.abs(rate - np.median(rate))
    spread = 1.4826 * float(np.median(apart))
    out = apart > max(_FAR * spread, _LEAST_FAR)
    ids = np.array([one for part in drawn.ids for one in part])[known]
    said = f"{int(out.sum())} of {len(out)} clips have far more or less text than clips of their "
    said += "length do"
    if float(out.mean()) <= _MOST_OUT:
        return Check(name, True, said, "warn")
    first = ", ".join(ids[out][:3])
    said = f"{said} (first: {first}): their transcripts seem to be those of other clips"
    return Check(name, False, said, "warn")
