"""The campaign on seeds: its score on seeds whose spread is known, and that it goes on."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.noise_floor import __main__ as campaign
from benchmarks.noise_floor.recipes import GROUPS
from benchmarks.noise_floor.score import (
    all_pairs,
    clopper_pearson,
    figures,
    halves,
    of_recipes,
    power,
)
from engine.project import Project


def seeds(number, spread, shift=0.0, draw=0):
    """Figures [seeds, clips] of a recipe."""
    random = np.random.default_rng(draw)
    hard = np.linspace(4.0, 8.0, 50)
    means = spread * random.standard_normal((number, 1))
    return shift + hard + means + 0.01 * random.standard_normal((number, 50))


def test_equal_recipes_are_called_different_by_clips_and_rarely_over_seeds(monkeypatch):
    monkeypatch.setattr("benchmarks.noise_floor.score.NUM_DRAWS", 400)
    table = seeds(14, 0.3)
    assert all_pairs(table).called > 0.9
    found = halves(table, of_recipes, 5)
    assert found.called < 0.15
    assert found.low <= found.called <= found.high


def test_a_true_difference_is_found_over_seeds(monkeypatch):
    monkeypatch.setattr("benchmarks.noise_floor.score._POWER_DRAWS", 50)
    assert power(seeds(10, 0.1), seeds(5, 0.1, shift=1.0, draw=1), of_recipes, 5) == 1.0


def test_the_interval_of_a_share_is_clopper_and_pearsons():
    assert clopper_pearson(0, 10) == (0.0, pytest.approx(0.308, abs=1e-3))
    assert clopper_pearson(10, 10) == (pytest.approx(0.692, abs=1e-3), 1.0)


def test_rows_of_several_evaluation_sets_or_of_one_seed_twice_are_no_table():
    rows = [
        {"seed": seed, "evaluation_set": name, "figures": {"mse": [1.0, 2.0]}}
        for seed, name in ((1, "a"), (2, "a"), (3, "b"), (2, "a"))
    ]
    assert figures(rows[:2], "mse").shape == (2, 2)
    with pytest.raises(ValueError, match="2 evaluation sets"):
        figures(rows[:3], "mse")
    with pytest.raises(ValueError, match="there once"):
        figures([*rows[:2], rows[3]], "mse")


def test_a_second_call_continues_with_the_seeds_that_are_missing(tmp_path, monkeypatch):
    asked = []

    def train(group, seed, project):
        asked.append((group.name, seed))
        assert isinstance(project, Project)
        return {"seed": seed, "ending": "finished", "cpu_seconds": 1.0, "figures": {}}

    monkeypatch.setattr(campaign, "train", train)
    monkeypatch.setattr(campaign, "find_project", lambda: Project(tmp_path))
    monkeypatch.setattr(campaign, "write_summary", lambda *_: None)
    for pieces in ("2", "3"):
        done = CliRunner().invoke(campaign.main, ["--pieces", pieces, "--keep", str(tmp_path)])
        assert done.exit_code == 0, done.output
    first = GROUPS[0].name
    assert asked == [(first, seed) for seed in range(1, 6)]
    rows = (tmp_path / f"{first}.jsonl").read_text().splitlines()
    assert [json.loads(row)["seed"] for row in rows] == [1, 2, 3, 4, 5]
