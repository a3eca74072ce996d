"""Results of a listening test: `results.json`, made from the answers beside it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path

import cattrs
from attrs import asdict, frozen

from engine.evaluation.paired import Difference
from engine.files.atomic import write_atomically
from engine.files.untrusted import as_user_error, read_json_object
from engine.listening.answers import ABX, Answer, Answers
from engine.listening.intervals import Cell, Share, finite, mean_difference, mean_of, share_right
from engine.listening.listening_test import (
    ANCHOR,
    REFERENCE,
    VERSION,
    ListeningTest,
    TestedRun,
)
from engine.listening.screening import Listener, judge_listeners

RESULTS = "results.json"


@frozen
class Figure:
    """A mean rating from 1 to 10, or a difference of two, with its 95 % interval."""

    mean: float
    low: float | None
    high: float | None
    num_clips: int
    num_listeners: int

    @property
    def difference(self) -> Difference:
        """The figure as a difference, whose ends may be infinite."""
        low = float("-inf") if self.low is None else self.low
        high = float("inf") if self.high is None else self.high
        return Difference(self.mean, low, high, self.num_clips)

    @property
    def counted(self) -> str:
        """The numbers of listeners and clips in words."""
        listeners = "1 listener" if self.num_listeners == 1 else f"{self.num_listeners} listeners"
        return f"{listeners}, {self.num_clips} clip{'s' * (self.num_clips != 1)}"


@frozen
class Rated:
    """A version's mean on each scale; `run` is its position among the runs, else None."""

    title: str
    run: int | None
    figures: dict[str, Figure]


@frozen
class RatedPair:
    """The difference of two runs' ratings on one scale."""

    of: int
    against: int
    scale: str
    figure: Figure


@frozen
class Distinguished:
    """How often two versions were distinguished (ABX), over all listeners."""

    titles: tuple[str, str]
    share: Share


@frozen
class Results:
    """All results of a test."""

    version: int
    test: str
    name: str
    created: int
    scales: tuple[str, ...]
    runs: tuple[TestedRun, ...]
    rated: tuple[Rated, ...]
    pairs: tuple[RatedPair, ...]
    told_apart: tuple[Distinguished, ...]
    listeners: tuple[Listener, ...]
    screened: bool
    """Whether listeners with objections were left out."""
    notes: tuple[str, ...]

    def place_of(self, recipe: str, identity: str | None) -> int | None:
        """The position of a run among the runs; None where it took no part."""
        known = ((one.recipe, one.identity) for one in self.runs)
        return next((k for k, one in enumerate(known) if one == (recipe, identity)), None)

    def figures_of(self, recipe: str, identity: str | None) -> Mapping[str, Figure]:
        """The mean rating of a run on each scale, or empty.

        A test may have several runs of one recipe.
        """
        place = self.place_of(recipe, identity)
        found = (one.figures for one in self.rated if one.run == place)
        return {} if place is None else next(found, {})

    @property
    def left_out(self) -> list[Listener]:
        """Listeners whose answers do not count here."""
        return [one for one in self.listeners if self.screened and one.against]


def results_of(test: ListeningTest, answers: Answers, *, screen: bool) -> Results:
    """Compute everything; with `screen`, without listeners who have objections against them."""
    listeners = judge_listeners(test, answers)
    left_out = {one.id for one in listeners if screen and one.against}
    counted = [one for one in answers.all if one.listener not in left_out]
    cells = _cells(test, counted)
    return Results(
        version=VERSION,
        test=test.id,
        name=test.name,
        created=test.created,
        scales=test.scales,
        runs=test.runs,
        rated=tuple(_rated(test, cells)),
        pairs=tuple(_pairs(test, cells)),
        told_apart=tuple(_distinguished(test, counted)),
        listeners=tuple(listeners),
        screened=screen,
        notes=(*test.notes, *_uncounted(answers)),
    )


def write_results(results: Results, folder: Path) -> None:
    """Write `results.json` into a test's folder."""
    write_atomically(folder / RESULTS, json.dumps(asdict(results), indent=1) + "\n")


def read_results(folder: Path) -> Results | None:
    """The results in a test's folder, or None. Raises UserError where they are damaged."""
    path = folder / RESULTS
    if not path.exists():
        return None
    again = f"{path} is damaged: run `cantus listen --results` to make it again."
    with as_user_error(again):
        content = read_json_object(path)
        if content.get("version") != VERSION:
            raise ValueError("another version")
        results = cattrs.Converter(detailed_validation=False).structure(content, Results)
        places = [place for one in results.pairs for place in (one.of, one.against)]
        places += [one.run for one in results.rated if one.run is not None]
        if any(not 0 <= place < len(results.runs) for place in places):
            raise ValueError("no such run")
    return results


_Cells = Mapping[tuple[str, str], Mapping[Cell, float]]
"""Each listener's rating of each clip, by source and scale."""


def _cells(test: ListeningTest, answers: Sequence[Answer]) -> _Cells:
    sources = {(one.id, f): source for one in test.ratings for f, source in one.stimuli.items()}
    cells: dict[tuple[str, str], dict[Cell, float]] = {}
    for one in answers:
        if one.scale != ABX:
            of = sources[one.trial, one.stimulus], one.scale
            cells.setdefault(of, {})[Cell((one.listener, one.trial))] = float(one.value)
    return cells


def _rated(test: ListeningTest, cells: _Cells) -> Iterator[Rated]:
    sources = [*map(str, range(len(test.runs))), REFERENCE, ANCHOR]
    for source in sources:
        found = {scale: _figure(cells.get((source, scale), {})) for scale in test.scales}
        figures = {scale: figure for scale, figure in found.items() if figure is not None}
        if figures:
            run = int(source) if source.isdigit() else None
            yield Rated(test.title_of(source), run, figures)


def _figure(values: Mapping[Cell, float]) -> Figure | None:
    return _as_figure(mean_of(values), values)


def _as_figure(found: Difference | None, values: Mapping[Cell, float]) -> Figure | None:
    if found is None:
        return None
    num_listeners = len({listener for listener, _ in values})
    return Figure(found.mean, finite(found.low), finite(found.high), found.num_clips, num_listeners)


def _pairs(test: ListeningTest, cells: _Cells) -> Iterator[RatedPair]:
    for of, against in combinations(range(len(test.runs)), 2):
        for scale in test.scales:
            ours, theirs = (cells.get((str(one), scale), {}) for one in (against, of))
            both = {cell: ours[cell] for cell in ours if cell in theirs}
            figure = _as_figure(mean_difference(ours, theirs), both)
            if figure is not None:
                yield RatedPair(against, of, scale, figure)


def _distinguished(test: ListeningTest, answers: Sequence[Answer]) -> Iterator[Distinguished]:
    trials = {one.id: one for one in test.comparisons}
    found: dict[tuple[str, str], list[bool]] = {}
    for one in answers:
        if one.scale == ABX:
            trial = trials[one.trial]
            first, second = sorted(map(test.title_of, trial.sources))
            found.setdefault((first, second), []).append(trial.x[one.stimulus] == one.value)
    for titles, right in found.items():
        yield Distinguished(titles, share_right(sum(right), len(right)))


def _uncounted(answers: Answers) -> Iterator[str]:
    if answers.num_revised:
        yield f"{answers.num_revised} answers were changed by their listener; the last ones count."
    for why, number in answers.refused.items():
        yield f"{number} lines of the answers are ignored: {why}."
