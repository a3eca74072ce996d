"""What a comparison says of what it holds for."""

import numpy as np
import pytest

from engine.cli.answers.comparison import left_out, of_metric
from engine.evaluation.paired import paired_difference
from engine.evaluation.two_level import two_level
from engine.report.paired_runs import PairedMetric

NAMES = ("new", "old")


@pytest.fixture
def figures():
    """Figures [seeds, clips] of an old and a new recipe, the new one half a unit lower."""
    random = np.random.default_rng(1)
    old = random.standard_normal(40) + 0.1 * random.standard_normal((3, 1)) + 5
    return old, old + 0.1 * random.standard_normal((3, 40)) - 0.5


def test_one_seed_each_speaks_of_weights(figures):
    old, new = figures
    found = of_metric("m", NAMES, PairedMetric(paired_difference(new[0], old[0]), "lowest"))
    assert (found.speaks_of, found.outcome) == ("weights", "better")
    assert (found.num_clips, found.num_seeds) == (40, (1, 1))


def test_several_seeds_speak_of_recipes(figures):
    old, new = figures
    found = of_metric("m", NAMES, PairedMetric(two_level([*new], [*old]), "lowest"))
    assert (found.speaks_of, found.borrowed_from) == ("recipes", None)
    assert (found.num_clips, found.num_seeds) == (40, (3, 3))
    assert found.low < found.difference < found.high


def test_what_is_not_compared_has_no_figure_and_a_reason():
    found = left_out("m", NAMES, "one clip is too few")
    assert (found.outcome, found.difference, found.num_seeds) == (None, None, None)
    assert found.not_compared == "one clip is too few"
