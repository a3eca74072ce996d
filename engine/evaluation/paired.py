"""Whether one evaluation is better than another: the difference clip by clip, with its interval.

Both were measured on the same clips, so the differences of the pairs are tested, not the two
means: the difficulty of a clip affects both and cancels. The interval is Student's (1908) for the
mean of the differences. The percentile bootstrap, which papers often use (Koehn, 2004), gives the
same with hundreds of clips and is too narrow with few (Hesterberg, 2015); Student's interval needs
no seed, costs one pass, and is widest with the fewest clips.

A run is compared at every evaluation, and each comparison could find a difference by chance. So
intervals of several comparisons hold at once (Bonferroni; Dunn, 1961): 5 % is divided among them,
however they depend on each other. Evaluating the same clips again adds no data, which is what
confidence sequences and e-processes need: docs/truth/better.md says what those promise.
"""

import math
from typing import Literal

import numpy as np
from attrs import evolve, field, frozen

Outcome = Literal["better", "worse", "undecided"]
"""The outcome for the new evaluation; undecided: the difference may be noise."""

CONFIDENCE = 0.95
FEW_CLIPS = 30
"""With fewer clips, the mean of the differences is rarely close to a normal distribution."""


@frozen
class Difference:
    """Mean of the differences of all clips (new minus old) and its 95 % confidence interval."""

    mean: float
    low: float
    high: float
    num_clips: int
    comparisons: int = field(default=1, kw_only=True)
    """Comparisons whose intervals hold at once with 95 %."""

    @property
    def falls(self) -> bool:
        """Whether the interval lies below zero."""
        return self.high < 0

    @property
    def rises(self) -> bool:
        """Whether the interval lies above zero."""
        return self.low > 0

    def outcome(self, *, lowest: bool) -> Outcome:
        """The outcome for the new evaluation; `lowest`: whether lower values are better."""
        if not (self.falls or self.rises):
            return "undecided"
        return "better" if self.falls == lowest else "worse"

    @property
    def reversed(self) -> "Difference":
        """The difference as old minus new."""
        return evolve(self, mean=-self.mean, low=-self.high, high=-self.low)

    @property
    def why_no_interval(self) -> str | None:
        """Why the clips give no interval: a phrase; None where they do."""
        if math.isfinite(self.high):
            return None
        if not math.isfinite(self.mean):
            return "a clip has no finite figure" if self.num_clips else "no clip has a figure"
        return "there is one clip" if self.num_clips < 2 else "all clips differ by the same amount"

    def over(self, comparisons: int) -> "Difference":
        """The difference with an interval that holds at once with those of other comparisons."""
        assert self.comparisons == 1, "the interval of one comparison"
        found = self.at(1 - (1 - CONFIDENCE) / comparisons)
        return evolve(found, comparisons=comparisons)

    def at(self, confidence: float) -> "Difference":
        """The difference with an interval of another confidence than 95 %."""
        if self.num_clips < 2 or not math.isfinite(self.high):
            return self
        from scipy.special import stdtrit  # half a second to import

        reaches = (stdtrit(self.num_clips - 1, (1 + at) / 2) for at in (confidence, CONFIDENCE))
        half = (self.high - self.mean) * float(next(reaches) / next(reaches))
        return Difference(self.mean, self.mean - half, self.mean + half, self.num_clips)

    def sentence(self, *, lowest: bool | None = None, counted: str | None = None) -> str:
        """The difference in words; `lowest`: whether lower values are better (None: neither).

        `counted` names what the interval is over, where that is not clips.
        """
        said = self.change(lowest=lowest, counted=counted)
        return said if counted else said + self.few

    def change(self, *, lowest: bool | None = None, counted: str | None = None) -> str:
        """The difference in words, without a remark on few clips."""
        return f"{self.in_figures(counted)}: {self._change(lowest)}"

    @property
    def few(self) -> str:
        """The end of a sentence on a difference of few clips; empty with enough clips."""
        return f"; {FEW_WORDS}" if self.num_clips < FEW_CLIPS else ""

    def in_figures(self, counted: str | None = None) -> str:
        """The mean difference with its interval, and the number of clips that it is over."""
        mean, low, high = self._figures
        of = counted or f"{self.num_clips:,} clips"
        if why := self.why_no_interval:
            return f"{mean} (no interval: {why}, {of})"
        over = f" over {self.comparisons:,} comparisons" if self.comparisons > 1 else ""
        return f"{mean} (95 % CI {low} to {high}{over}, {of})"

    @property
    def in_brief(self) -> str:
        """The mean difference with its interval, for a cell of a table."""
        mean, low, high = self._figures
        return f"{mean} (no interval)" if self.why_no_interval else f"{mean} ({low} to {high})"

    @property
    def _figures(self) -> tuple[str, ...]:
        """Mean, low and high."""
        return tuple(f"{value:{self._format}}" for value in (self.mean, self.low, self.high))

    @property
    def _format(self) -> str:
        """Two digits of the interval's half width, or as many as show an end that is not zero."""
        half = (self.high - self.low) / 2
        if not math.isfinite(half) or half < _SMALLEST:
            return "+.3g"
        nearest = min((abs(end) for end in (self.low, self.high) if end), default=half)
        digits = max(0, 1 - math.floor(math.log10(half)), -math.floor(math.log10(nearest)))
        return f"+.{min(digits, _MOST_DIGITS)}f"

    def _change(self, lowest: bool | None) -> str:
        if self.why_no_interval:
            return "undecided"
        if not (self.falls or self.rises):
            return "indistinguishable from noise"
        if lowest is None:
            return "lower" if self.falls else "higher"
        return self.outcome(lowest=lowest)


_MOST_DIGITS = 9
_SMALLEST = 1e-6
"""Smaller half widths are written with exponents."""
_ROUNDING = 1e-6
"""Differences that vary by a smaller share of their mean are equal but for the rounding of 32 bits:
such figures are not measured for each clip, so they show nothing of other clips."""

FEW_WORDS = f"fewer than {FEW_CLIPS} clips show only large differences"


def paired_difference(new: np.ndarray, old: np.ndarray) -> Difference:
    """Compare the figures [clips] of two evaluations of the same clips in the same order.

    Clips that have no figure (nan) in both are left out. The interval is infinite where the clips
    give none: of one clip, where a difference is not finite, and where all are equal and not zero.
    """
    assert new.shape == old.shape, f"{new.shape} and {old.shape} are not of the same clips"
    known = ~(np.isnan(new) & np.isnan(old))
    differences = np.asarray(new, np.float64)[known] - np.asarray(old, np.float64)[known]
    count = len(differences)
    mean = float(differences.mean()) if count else math.nan
    if count < 2 or not math.isfinite(mean):
        return Difference(mean, -math.inf, math.inf, count)
    spread = float(differences.std(ddof=1))
    if abs(mean) > 0 and spread <= _ROUNDING * abs(mean):
        return Difference(mean, -math.inf, math.inf, count)
    from scipy.special import stdtrit  # half a second to import

    half = float(stdtrit(count - 1, (1 + CONFIDENCE) / 2)) * spread / math.sqrt(count)
    return Difference(mean, mean - half, mean + half, count)
