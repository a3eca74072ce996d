"""Whether transcripts are as long as their audio says: those of other clips rarely are."""

from collections.abc import Iterator

import numpy as np

from engine.training.checks.check import Check
from engine.training.checks.clips import Drawn
from engine.training.system import Spoken

TEXTS = 256
"""Clips that are looked at: more than for other checks, since a few stand out in every corpus."""
_FEWEST = 24
_FAR, _LEAST_FAR = 4.0, 0.35
"""A clip stands out by so many deviations, and by this logarithm at least: a factor of 1.4."""
_VARIED, _LEAST_CORRELATION = 0.2, 0.3
"""Spread of the logarithm of the audio's length from which it must correlate with the text's."""
_MOST_OUT = 0.08
"""Share of clips that stand out in healthy corpora, at most: docs/truth/broken-runs.md."""


def transcripts_checks(drawn: Drawn, spoken: Spoken) -> Iterator[Check]:
    """Compare each clip's text with its audio: warnings."""
    pairs = [spoken(batch) for batch in drawn.batches]
    text, audio = (np.concatenate([pair[side].numpy() for pair in pairs]) for side in (0, 1))
    known = (text > 0) & (audio > 0)
    if int(known.sum()) < _FEWEST:
        said = f"not checked: fewer than {_FEWEST} clips have a text"
        yield Check("length of transcripts", True, said, "warn")
        return
    ids = np.array([one for part in drawn.ids for one in part])[known]
    lengths = np.log(text[known]), np.log(audio[known])
    yield _band_check(lengths[0] - lengths[1], ids)
    yield _growth_check(*lengths)


def _band_check(rate: np.ndarray, ids: np.ndarray) -> Check:
    """Whether each clip's rate of text is that of the corpus.

    The spread is that of the middle half of the clips, so that some wrong ones do not hide
    themselves.
    """
    name = "length of transcripts"
    apart = np.abs(rate - np.median(rate))
    spread = 1.4826 * float(np.median(apart))
    out = apart > max(_FAR * spread, _LEAST_FAR)
    said = f"{int(out.sum())} of {len(out)} clips have far more or less text than clips of their "
    said += "length do"
    if float(out.mean()) <= _MOST_OUT:
        return Check(name, True, said, "warn")
    first = ", ".join(ids[out][:3])
    said = f"{said} (first: {first}): their transcripts seem to be those of other clips"
    return Check(name, False, said, "warn")


def _growth_check(text: np.ndarray, audio: np.ndarray) -> Check:
    """Whether longer audio has longer text, where lengths differ at all."""
    name = "text grows with audio"
    if float(audio.std()) < _VARIED:
        return Check(name, True, "not checked: all clips are about as long", "warn")
    same = float(text.std()) < 1e-9
    correlation = 0.0 if same else float(np.corrcoef(text, audio)[0, 1])
    said = f"correlation of the logarithms of both lengths {correlation:.2f}"
    if correlation >= _LEAST_CORRELATION:
        return Check(name, True, said, "warn")
    why = "longer clips have no longer text: texts are cut off, or are those of other clips"
    return Check(name, False, f"{said}: {why}", "warn")
