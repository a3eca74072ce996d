"""Evaluation of known answers: what a broken evaluation says, and what a healthy one does."""

import numpy as np
import pytest
import torch
from torch import nn

from engine.training.checks.evaluation import evaluation_checks
from engine.training.system import AnswerKey, TrainingModule

PERFECT = {"error": (0.0, 1e-6)}
CLIPS = np.random.default_rng(0).standard_normal((2, 50))
MADE = {
    "model": CLIPS * 0.9,
    "original": CLIPS,
    "silence": np.zeros_like(CLIPS),
    "another": CLIPS[::-1],
}


class Module(TrainingModule):
    def __init__(self):
        super().__init__()
        self.network = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))


def errors(answer, of=CLIPS):
    return {"error": np.abs(MADE[answer] - of).mean(1)}


def found(figures, module=None):
    module = module or Module().eval()
    return {one.name: one for one in evaluation_checks(AnswerKey(figures, PERFECT), module)}


def test_a_healthy_evaluation_passes_three_checks():
    checks = found(errors)
    assert all(check.ok for check in checks.values())
    assert len(checks) == 3


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (lambda answer: errors(answer, CLIPS * 1.1), "the original itself has error"),
        (lambda answer: errors("original"), "silence has a perfect error"),
        (
            lambda answer: errors("original" if answer in ("model", "another") else answer),
            "another clip has a perfect error",
        ),
        (
            lambda answer: errors("original" if answer == "model" else answer),
            "evaluation compares the original with itself",
        ),
    ],
)
def test_an_evaluation_that_measures_something_else_is_named(figures, said):
    check = found(figures)["evaluation of known answers"]
    assert check.stops
    assert said in check.detail


def test_an_answer_without_a_figure_is_not_perfect():
    def figures(answer):
        return {"error": np.full(2, np.nan)} if answer == "silence" else errors(answer)

    assert found(figures)["evaluation of known answers"].ok


def test_dropout_that_is_on_in_evaluation_is_named():
    def figures(answer):
        noise = nn.functional.dropout(torch.ones(2, 50), 0.5, training=True).numpy()
        return {"error": np.abs(MADE[answer] * noise - CLIPS).mean(1)}

    check = found(figures)["evaluation done twice"]
    assert check.stops
    assert "dropout, augmentation or noise of its own" in check.detail


def test_a_part_in_training_mode_is_named():
    module = Module().eval()
    module.network[1].train()
    check = found(errors, module)["evaluation mode"]
    assert check.stops
    assert "first: network.1" in check.detail


def test_an_evaluation_that_changes_weights_is_named():
    module = Module().eval()

    def figures(answer):
        with torch.no_grad():
            module.network[0].bias += 0.1
        return errors(answer)

    assert "evaluation changes weights" in found(figures, module)["evaluation done twice"].detail
