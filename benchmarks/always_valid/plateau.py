"""Plateau guards in runs that gain just as much as their message says they rarely stop.

16 evaluations of 46 clips, whose figures move by 0.02 from one evaluation to the next, as in
`xtts_phase1`; the guard has `plateau_steps = 500`.
"""

from collections.abc import Iterator

import numpy as np

from benchmarks.always_valid.promise import Row, share
from engine.recipe.judgement import Guard
from engine.training.evaluation_history import STILL_BETTER
from engine.training.guards import Guards, Moment
from engine.training.model_selection import Score, SelectionRule
from engine.training.trend import trend

EVALUATIONS, EVERY, CLIPS, NOISE = 16, 100, 46, 0.02
GUARD = Guard(plateau_steps=500)


def plateau(runs: int) -> Iterator[Row]:
    """Runs that are stopped though they gain what the message names, for one evaluation or all."""
    for comparisons in (1, EVALUATIONS):
        gain = named_gain(comparisons)
        stopped = sum(is_stopped(gain, comparisons, seed) for seed in range(runs))
        allowed = "one evaluation (until now)" if comparisons == 1 else "all evaluations (Cantus)"
        yield {
            "the message allows for": allowed,
            "gain in 500 steps": f"{gain:.4f}",
            "runs": runs,
            "stopped, at most 5 % promised": share(stopped, runs),
        }


def named_gain(comparisons: int, draws: int = 50) -> float:
    """The median gain that the message names."""
    steps = range(0, 1 + 500, EVERY)
    found = []
    for seed in range(draws):
        scores = [_score(step, seed, 0.0) for step in steps]
        found.append(trend(scores, "mel_ce").missed(STILL_BETTER, comparisons))
    return float(np.median(found))


def is_stopped(gain: float, comparisons: int, seed: int) -> bool:
    """Whether the guard ever stops a run that gains so much in 500 steps."""
    rule = SelectionRule("eval/mel_ce", lowest=True, paired=True, comparisons=comparisons)
    guards = Guards({"eval/mel_ce": (GUARD,)}, rule)
    for step in range(EVERY, EVERY * EVALUATIONS + 1, EVERY):
        score = _score(step, seed, gain)
        if guards.watch({"eval/mel_ce": score.value}, Moment(step, 0.0), score.per_clip):
            return True
    return False


def _score(step: int, seed: int, gain: float) -> Score:
    noise = np.random.default_rng([seed, step]).normal(0, NOISE, CLIPS)
    figures = np.random.default_rng(seed).normal(3.5, 0.3, CLIPS) + noise - gain * step / 500
    return Score(step, float(figures.mean()), {"mel_ce": figures})
