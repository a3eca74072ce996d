"""Whether batches hold the features of the clips they name: a few are computed again."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from engine.training.checks.check import Check
from engine.training.checks.clips import Drawn
from engine.training.system import Again, MadeAgain

_CLIPS = 4
_LEAST = 0.8
"""Share of a clip's numbers that agree: about 1 in healthy runs, hardly any for another clip."""
_CLEARLY = 0.9
"""Share that agrees once a clip is shifted, scaled or delayed, where that is what is wrong."""
_FULL_SCALE_DB = 90.3
"""Level of full scale in 16-bit samples, over full scale of 1."""


class _Compared(NamedTuple):
    kept: np.ndarray
    made: np.ndarray
    tolerance: float

    def share(self) -> float:
        """Share of numbers that are the same to within the tolerance."""
        if not self.kept.size:
            return 0.0
        return float((np.abs(self.kept - self.made) <= self.tolerance).mean())


def made_again_checks(drawn: Drawn, make: MadeAgain) -> Iterator[Check]:
    """Compare a few clips of the first batch with what is computed now from their audio."""
    places, ids = drawn.places[0][:_CLIPS], drawn.ids[0][:_CLIPS]
    found = make(places, {name: rows[:_CLIPS] for name, rows in drawn.batches[0].items()})
    for entry, clips in found.items():
        name = f"{entry} computed again"
        shares = [_compared(again).share() for again in clips]
        wrong = [place for place, share in enumerate(shares) if share < _LEAST]
        if not wrong:
            said = f"{min(shares, default=1.0):.1%} or more of each of {len(clips)} clips"
            yield Check(name, True, f"{said} agrees")
            continue
        said = (
            f"{entry} is not what the clip gives now in {len(wrong)} of {len(clips)} clips among "
        )
        said += f"{', '.join(ids)} ({shares[wrong[0]]:.0%} agrees): {_cause(clips[wrong[0]])}"
        yield Check(name, False, said)


def _compared(again: Again) -> _Compared:
    """Both arrays as long as the shorter, unless one is much too short."""
    kept = np.asarray(again.kept, np.float64)
    made = np.asarray(again.made, np.float64)
    length = min(len(kept), len(made))
    if length < 0.9 * len(made):
        return _Compared(np.zeros(0), np.zeros(0), again.tolerance)
    return _Compared(kept[:length], made[:length], again.tolerance)


def _cause(again: Again) -> str:
    """What is wrong with a clip, as far as its numbers show it."""
    both = _compared(again)
    kept, made, tolerance = both
    if not kept.size:
        return "it is much shorter: features of another clip, or stale"
    if kept.min() == kept.max():
        return f"it is {kept.flat[0]:g} throughout, as silence is"
    offset = float(np.median(kept - made))
    if abs(offset - _FULL_SCALE_DB) < 1.0 and both._replace(made=made + offset).share() >= _CLEARLY:
        return f"it is {offset:+.4g} dB off: 16-bit samples were not divided by 32,768"
    if abs(offset) > tolerance and both._replace(made=made + offset).share() >= _CLEARLY:
        return f"it is {offset:+.4g} off throughout: another scale, level or numbering"
    factor = float((kept * made).sum() / max(float((made * made).sum()), 1e-30))
    scaled = _Compared(kept, made * factor, tolerance * max(abs(factor), 1e-30))
    if factor and scaled.share() >= _CLEARLY:
        return f"it is {factor:.4g} times as large: another scale or level"
    above = kept > kept.min()
    if above.any() and _Compared(kept[above], made[above], tolerance).share() >= _CLEARLY:
        return f"it is cut off below {kept.min():.4g}: another floor"
    if lag := _lag(both, again.axis):
        return f"it lags by {lag} of {kept.shape[again.axis]} places: shifted in time"
    return "it is another clip's, or stale, or was made with other settings"


def _lag(both: _Compared, axis: int) -> int:
    """By how many places along an axis the kept array lags behind, or 0."""
    kept, made = (np.moveaxis(one, axis, 0).reshape(one.shape[axis], -1) for one in both[:2])
    spectra = (np.fft.rfft(one - one.mean(0), axis=0) for one in (kept, made))
    first, second = spectra
    fit = np.fft.irfft((first * second.conj()).sum(1), n=len(kept))
    lag = int(np.argmax(fit))
    rolled = _Compared(kept, np.roll(made, lag, 0), both.tolerance)
    lag = lag if lag <= len(kept) // 2 else lag - len(kept)
    return lag if rolled.share() >= _CLEARLY else 0
