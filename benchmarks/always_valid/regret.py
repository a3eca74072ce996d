"""What a rule of choice costs: the true mean of the chosen weights less the best of the run."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from benchmarks.always_valid.price import PATIENCES
from benchmarks.always_valid.promise import CLIPS, Row, batches
from benchmarks.always_valid.rules import Called, each_alone, together
from benchmarks.always_valid.runs import (
    EVALUATIONS,
    correlated,
    independent,
    random_walk,
    recorded_figures,
)

_AT = np.arange(1 + EVALUATIONS)
CURVES: Mapping[str, np.ndarray] = {
    "falls and flattens": 2.0 / np.sqrt(1 + _AT),
    "falls, then rises": 2.0 * ((_AT - 15) / 15.0) ** 2,
    "falls by a little": 0.5 / np.sqrt(1 + _AT),
    "rises from the start": 0.5 * _AT / EVALUATIONS,
    "moves about": 2.0 * np.exp(-_AT / 5.0),
}
"""True means of evaluations 0 to 40, in deviations of a clip's difference."""
_MOVES = 0.2
"""How far weights of the last curve are from it, by evaluation: 0.2 deviations."""

Choose = Callable[[np.ndarray], np.ndarray]
"""Figures [runs, evaluations, clips] -> the chosen evaluation [runs]."""


def lowest_mean(figures: np.ndarray) -> np.ndarray:
    """Cantus: the lowest mean over the clips."""
    return np.asarray(figures.mean(axis=2).argmin(axis=1))


def parent_until_shown(figures: np.ndarray) -> np.ndarray:
    """Evaluation 0 until one is shown to be better than it; then the lowest mean."""
    return np.where(together(figures).any(axis=1), lowest_mean(figures), 0)


def last_called(called: Called) -> np.ndarray:
    """The last evaluation that was called better; evaluation 0 where none was."""
    return np.asarray(np.where(called, np.arange(1, called.shape[1] + 1), 0).max(axis=1))


def patient(most: int) -> Choose:
    """The lowest mean of a run that stops after so many evaluations without a lower one."""

    def choose(figures: np.ndarray) -> np.ndarray:
        means = figures.mean(axis=2)
        best = np.zeros(len(means), int)
        for at in range(1, means.shape[1]):
            lower = means[:, at] < means[np.arange(len(means)), best]
            best[lower & (at - best <= most)] = at
        return best

    return choose


CHOICES: Mapping[str, Choose] = {
    "lowest mean (Cantus)": lowest_mean,
    "last called, each alone (until now)": lambda figures: last_called(each_alone(figures)),
    "last called, all at once": lambda figures: last_called(together(figures)),
    "parent until shown, then lowest mean": parent_until_shown,
    **{f"patience {most}": patient(most) for most in PATIENCES},
    "last": lambda figures: np.full(len(figures), figures.shape[1] - 1),
}


def regret(runs: int) -> Iterator[Row]:
    """The mean regret of every choice, by curve, noise and clips."""
    for clips in CLIPS:
        for curve in CURVES:
            for make in (independent, correlated, random_walk):
                parts = [*_simulated(runs, clips, curve, make)]
                name = make.__name__.replace("_", " ")
                yield _row(clips, curve, name, parts)
        yield _row(clips, "recorded run", "recorded", [*_of_recorded(runs, clips)])


def _simulated(
    runs: int, clips: int, curve: str, make: Callable[..., np.ndarray]
) -> Iterator[dict[str, np.ndarray]]:
    random = np.random.default_rng([clips, [*CURVES].index(curve)])
    for drawn in batches(runs):
        truth = np.tile(CURVES[curve], (drawn, 1))
        if curve == "moves about":
            truth = truth + _MOVES * random.standard_normal(truth.shape)
        yield _regrets(make(random, drawn, clips) + truth[:, :, None], truth)


def _of_recorded(runs: int, clips: int) -> Iterator[dict[str, np.ndarray]]:
    """Clips of a real run are drawn; the truth is the mean over all of them."""
    random = np.random.default_rng(clips)
    table = recorded_figures()
    spread = (table[-1] - table[EVALUATIONS // 2]).std()
    for drawn in batches(runs):
        picked = random.integers(table.shape[1], size=(drawn, clips))
        figures = np.moveaxis(table[:, picked], 0, 1) / spread
        yield _regrets(figures, np.tile(table.mean(axis=1) / spread, (drawn, 1)))


def _regrets(figures: np.ndarray, truth: np.ndarray) -> dict[str, np.ndarray]:
    rows = np.arange(len(truth))
    return {
        title: truth[rows, choose(figures)] - truth.min(axis=1) for title, choose in CHOICES.items()
    }


def _row(clips: int, curve: str, noise: str, parts: list[dict[str, np.ndarray]]) -> Row:
    joined = {title: np.concatenate([part[title] for part in parts]) for title in CHOICES}
    row: Row = {"clips": clips, "curve": curve, "noise": noise}
    return row | {title: f"{found.mean():.3f}" for title, found in joined.items()}
