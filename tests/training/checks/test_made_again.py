"""Features beside what their clips give now: what is said of each way to be wrong."""

import numpy as np
import pytest
import torch

from engine.training.checks.clips import Drawn
from engine.training.checks.made_again import made_again_checks
from engine.training.system import Again

MADE = np.random.default_rng(0).standard_normal((4, 200, 3))


def checked(change, axis=0):
    """The check of four clips whose features are `change` of what their audio gives."""
    kept = torch.from_numpy(np.stack([change(one) for one in MADE]))
    places = [[0, 1, 2, 3]]
    drawn = Drawn([{"content": kept}], places, [[f"clip{place}" for place in places[0]]])

    def again(places, batch):
        rows = enumerate(batch["content"])
        return {"content": [Again(kept, MADE[at], 0.01, axis) for at, kept in rows]}

    (check,) = made_again_checks(drawn, again)
    return check


def test_features_that_are_made_alike_again_pass():
    assert checked(lambda one: one + 0.001).ok


def test_padding_behind_a_clip_is_not_compared():
    assert checked(lambda one: np.pad(one, ((0, 50), (0, 0)))).ok


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda one: one + 90.3, "it is +90.3 dB off: 16-bit samples were not divided by 32,768"),
        (lambda one: one + 30, "+30 off throughout: another scale, level or numbering"),
        (lambda one: one * 32768, "3.277e+04 times as large: another scale or level"),
        (lambda one: np.maximum(one, 0.0), "it is cut off below 0: another floor"),
        (lambda one: np.roll(one, 7, 0), "it lags by 7 of 200 places: shifted in time"),
        (lambda one: np.roll(one, -3, 0), "it lags by -3 of 200 places: shifted in time"),
        (lambda one: one * 0.0, "it is 0 throughout, as silence is"),
        (lambda one: one[::-1].copy(), "another clip's, or stale"),
        (lambda one: one[:100], "it is much shorter"),
    ],
)
def test_a_difference_is_named_by_what_it_is(change, said):
    check = checked(change)
    assert check.stops
    assert said in check.detail
    assert "clip0" in check.detail
