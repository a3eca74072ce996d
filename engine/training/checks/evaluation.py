"""Whether evaluation measures what it says: by answers whose figures are known, and done twice."""

from collections.abc import Iterator, Mapping

import numpy as np
import torch

from engine.training.checks.check import Check
from engine.training.checks.loaded import Loaded
from engine.training.system import Answer, AnswerKey, TrainingModule

_WORST: tuple[Answer, ...] = ("silence", "another")
_SEEDS = 1, 2


def evaluation_checks(key: AnswerKey, module: TrainingModule) -> Iterator[Check]:
    """Checks of evaluation on a few clips. `module` is in evaluation mode."""
    yield _mode_check(module)
    before = Loaded.of("the weights before evaluation", module.state_dict())
    first, again = (_model_figures(key, seed) for seed in _SEEDS)
    yield _repeated_check(first, again, before.check(module.state_dict()))
    yield _answers_check(key, first)


def _model_figures(key: AnswerKey, seed: int) -> Mapping[str, np.ndarray]:
    torch.manual_seed(seed)
    return key.figures("model")


def _mode_check(module: TrainingModule) -> Check:
    """Whether every part of the module is in evaluation mode."""
    name = "evaluation mode"
    training = [path for path, part in module.named_modules() if part.training]
    if not training:
        return Check(name, True, "dropout and batch statistics are off in every part")
    said = f"{len(training)} parts of the model are in training mode while it is evaluated (first: "
    said += f"{training[0] or 'the model itself'}): dropout and batch statistics are on"
    return Check(name, False, said)


def _repeated_check(
    first: Mapping[str, np.ndarray], again: Mapping[str, np.ndarray], weights: Check
) -> Check:
    """Whether the same weights have the same figures, whatever random numbers are drawn."""
    name = "evaluation done twice"
    if not weights.ok:
        said = "evaluation changes weights or batch statistics of the model"
        return Check(name, False, said)
    other = [one for one in first if not np.array_equal(first[one], again[one], equal_nan=True)]
    if not other:
        return Check(name, True, f"the same {len(first)} figures, bit for bit")
    said = (
        f"{other[0]} was {_mean(first[other[0]]):.6g}, then {_mean(again[other[0]]):.6g}: dropout"
    )
    said += ", augmentation or noise of its own is on while the model is evaluated"
    return Check(name, False, said)


def _answers_check(key: AnswerKey, model: Mapping[str, np.ndarray]) -> Check:
    """Whether the original itself is perfect, and silence, another clip and the model are not."""
    name = "evaluation of known answers"
    original = key.figures("original")
    for metric, (low, high) in key.perfect.items():
        figure = _mean(original[metric])
        if not low <= figure <= high:
            said = f"the original itself has {metric} {figure:.4g}, and {_range(low, high)} is "
            said += "perfect: what is measured is not what was recorded"
            return Check(name, False, said)
    for answer in _WORST:
        figures = key.figures(answer)
        for metric, (low, high) in key.perfect.items():
            if low <= _mean(figures[metric]) <= high:
                said = f"{_NAMED[answer]} has a perfect {metric} ({_mean(figures[metric]):.4g}): "
                return Check(name, False, f"{said}evaluation does not look at the answer")
    if all(low <= _mean(model[metric]) <= high for metric, (low, high) in key.perfect.items()):
        said = "the model's figures are perfect before step 1: evaluation compares the original "
        return Check(name, False, f"{said}with itself")
    said = ", ".join(f"{metric} {_mean(original[metric]):.4g}" for metric in key.perfect)
    return Check(name, True, f"the original itself is perfect ({said}); other answers are not")


_NAMED: Mapping[Answer, str] = {"silence": "silence", "another": "another clip"}


def _mean(figures: np.ndarray) -> float:
    known = figures[~np.isnan(figures)]
    return float(known.mean()) if len(known) else float("nan")


def _range(low: float, high: float) -> str:
    return f"{low:g} or more" if high == float("inf") else f"{low:g} to {high:g}"
