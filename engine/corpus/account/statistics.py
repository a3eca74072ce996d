"""Counts a corpus clip by clip, in memory that does not grow with its clips."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import TypeVar

from attrs import define

from engine.corpus.account.figures import FIGURES, characters_per_second
from engine.corpus.account.histogram import Bins
from engine.corpus.account.near_duplicates import NearDuplicates
from engine.corpus.account.report import Pace, Portion, Report
from engine.corpus.audio.decode import decoders
from engine.corpus.layouts.passed_over import PassedOver
from engine.corpus.licence import Licence
from engine.corpus.table.manifest import Clip, Quarantined

NUM_SPEAKERS = 20
"""Speakers that a report names."""
NUM_PACES = 5
"""Clips that a report names at either end of the characters per second."""

_TEXT_SHOWN = 80


class Tally:
    """Running figures of a corpus. Holds the names of speakers, languages and labels, no clips."""

    def __init__(self) -> None:
        self._all = _Sum()
        self._shortest, self._longest = float("inf"), 0.0
        self._num_with_text = self._num_beyond_full_scale = self._num_header_faults = 0
        self._quarantined = Counter[str]()
        self._listed, self._rates, self._channels = Counter[str](), Counter[int](), Counter[int]()
        self._decoders, self._labels = Counter[str](), set[str]()
        self._speakers, self._languages = defaultdict[str, _Sum](_Sum), defaultdict[str, _Sum](_Sum)
        self._bins = [Bins(*figure.edges) for figure in FIGURES]
        self._paces = _Paces()

    def add_clip(self, clip: Clip) -> None:
        """Count a used clip."""
        self._all.add(clip.seconds)
        self._shortest = min(self._shortest, clip.seconds)
        self._longest = max(self._longest, clip.seconds)
        self._num_with_text += clip.text is not None
        self._num_beyond_full_scale += clip.peak > 1.0
        self._num_header_faults += clip.header_fault is not None
        self._rates[clip.sample_rate_hz] += 1
        self._channels[clip.num_channels] += 1
        self._decoders[clip.decoder] += 1
        self._add_names(clip)
        self._paces.add(clip)
        for figure, bins in zip(FIGURES, self._bins, strict=True):
            value = figure.of(clip)
            if value is not None:
                bins.add(value)

    def add_quarantined(self, one: Quarantined) -> None:
        """Count a file, or a part of one, that is not used."""
        self._quarantined[one.reason] += 1

    def report(
        self,
        *,
        corpus: str,
        source: str,
        layout: str,
        licence: Licence | None = None,
        passed_over: tuple[PassedOver, ...],
        near_duplicates: NearDuplicates | None = None,
        packed_hz: tuple[int, ...],
        digest: str,
    ) -> Report:
        """The report of the clips counted so far, with the caller's facts about the corpus."""
        fastest, slowest = self._paces.ends()
        return Report(
            corpus=corpus,
            source=source,
            layout=layout,
            licence=licence,
            num_found=self._all.num_clips + self._quarantined.total(),
            num_used=self._all.num_clips,
            quarantined=_in_order(self._quarantined),
            passed_over=passed_over,
            hours=self._all.portion.hours,
            shortest_seconds=round(min(self._shortest, self._longest), 3),
            longest_seconds=round(self._longest, 3),
            num_speakers=len(self._speakers),
            largest_speakers=_largest(self._speakers),
            num_labels=len(self._labels),
            num_with_text=self._num_with_text,
            languages={name: self._languages[name].portion for name in sorted(self._languages)},
            listed=_in_order(self._listed),
            sample_rates_hz=_in_order(self._rates),
            num_channels=_in_order(self._channels),
            decoders=_with_versions(self._decoders),
            num_beyond_full_scale=self._num_beyond_full_scale,
            num_header_faults=self._num_header_faults,
            histograms=tuple(
                bins.histogram(figure.title, figure.unit)
                for figure, bins in zip(FIGURES, self._bins, strict=True)
            ),
            fastest=fastest,
            slowest=slowest,
            near_duplicates=near_duplicates,
            packed_hz=packed_hz,
            digest=digest,
        )

    def _add_names(self, clip: Clip) -> None:
        if clip.speaker:
            self._speakers[clip.speaker].add(clip.seconds)
        if clip.language:
            self._languages[clip.language].add(clip.seconds)
        if clip.label:
            self._labels.add(clip.label)
        if clip.listed:
            self._listed[clip.listed] += 1


@define
class _Sum:
    num_clips: int = 0
    seconds: float = 0.0

    def add(self, seconds: float) -> None:
        self.num_clips += 1
        self.seconds += seconds

    @property
    def portion(self) -> Portion:
        return Portion(num_clips=self.num_clips, hours=round(self.seconds / 3600, 4))


class _Paces:
    """The clips whose texts are spoken fastest and slowest; of equals the first by id."""

    def __init__(self) -> None:
        self._fastest: list[Pace] = []
        self._slowest: list[Pace] = []

    def add(self, clip: Clip) -> None:
        pace = characters_per_second(clip)
        if pace is None or clip.text is None:
            return
        if len(self._fastest) == NUM_PACES and (
            self._slowest[-1].characters_per_second < pace < self._fastest[-1].characters_per_second
        ):
            return
        one = Pace(id=clip.id, characters_per_second=pace, text=_beginning(clip.text))
        self._fastest = heapq.nsmallest(NUM_PACES, [*self._fastest, one], key=_fastest_first)
        self._slowest = heapq.nsmallest(NUM_PACES, [*self._slowest, one], key=_slowest_first)

    def ends(self) -> tuple[tuple[Pace, ...], tuple[Pace, ...]]:
        """Fastest and slowest. A clip among both, as there are few, counts as fast."""
        slowest = tuple(one for one in self._slowest if one not in self._fastest)
        return tuple(self._fastest), slowest


def _fastest_first(one: Pace) -> tuple[float, str]:
    return -one.characters_per_second, one.id


def _slowest_first(one: Pace) -> tuple[float, str]:
    return one.characters_per_second, one.id


def _beginning(text: str) -> str:
    return text if len(text) <= _TEXT_SHOWN else f"{text[: _TEXT_SHOWN - 3]}..."


def _largest(sums: Mapping[str, _Sum]) -> dict[str, Portion]:
    order = heapq.nsmallest(NUM_SPEAKERS, sums, key=lambda name: (-sums[name].seconds, name))
    return {name: sums[name].portion for name in order}


_Name = TypeVar("_Name", str, int)


def _with_versions(counts: Counter[str]) -> dict[str, int]:
    versions = decoders()
    return {f"{name} {versions[name]}": number for name, number in _in_order(counts).items()}


def _in_order(counts: Counter[_Name]) -> dict[str, int]:
    return {str(name): counts[name] for name in sorted(counts)}
