"""Settings of optimizers that nobody trains with, and gradients that are clipped to nothing."""

import pytest

from engine.recipe.optimizers import Adam, AdamW
from engine.training.checks.optimizer import clipping_checks, settings_checks


def settings(**more):
    (check,) = settings_checks({"lm": AdamW(learning_rate=1e-4, **more)})
    assert (check.name, check.action) == ("optimizer of lm", "warn")
    return check


@pytest.mark.parametrize(
    "usual", [{}, {"betas": (0.5, 0.9)}, {"betas": (0.8, 0.99)}, {"betas": (0.9, 0.95)},
              {"betas": (0.0, 0.9)}, {"epsilon": 1e-6}, {"weight_decay": 0.1}],
)  # fmt: skip
def test_settings_of_published_recipes_are_no_warning(usual):
    assert settings(**usual).ok


@pytest.mark.parametrize(
    ("unusual", "said"),
    [
        ({"betas": (0.999, 0.9)}, "the betas 0.999 and 0.9 seem to be swapped"),
        ({"betas": (0.999, 0.9999)}, "the first beta is 0.999"),
        ({"betas": (0.1, 0.2)}, "the second beta is 0.2"),
        ({"epsilon": 0.1}, "epsilon 0.1 is larger than most gradients"),
        ({"weight_decay": 5.0}, "weight_decay 5 pulls weights to zero"),
    ],
)
def test_settings_that_nobody_trains_with_are_a_warning(unusual, said):
    check = settings(**unusual)
    assert not check.ok
    assert said in check.detail


def test_a_gradient_that_is_clipped_to_less_than_a_thousandth_is_a_warning():
    tables = {
        "generator": Adam(learning_rate=1e-4, clip_gradient_norm=1e-3),
        "discriminator": Adam(learning_rate=1e-4, clip_gradient_norm=1.0),
        "other": Adam(learning_rate=1e-4),
    }
    norms = {f"train/gradient_norm/{turn}": 20.0 for turn in tables}
    clipped, fine = clipping_checks(tables, norms)
    assert (clipped.name, clipped.ok, clipped.action) == (
        "clipping of gradients of generator", False, "warn",
    )  # fmt: skip
    assert "clip_gradient_norm = 0.001 leaves less than a thousandth" in clipped.detail
    assert (fine.ok, fine.detail) == (True, "a gradient of norm 20 is clipped to 1")
