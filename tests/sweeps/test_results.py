"""Real files of runs, as experiments leave them, put into a table."""

import numpy as np
import pytest

from engine.sweeps.points import Point
from engine.sweeps.results import results_of
from engine.sweeps.written import write_results
from tests.compared import HARD, opened_run
from tests.run_folders import make_finished

METRIC = "mel_ce"


@pytest.fixture
def swept(tmp_path):
    """Results of a base and of points, each by the figures of its clips for each seed."""

    def swept(base, *others, failures=None):
        points, runs = [], []
        for place, tables in enumerate((base, *others)):
            folders = [tmp_path / f"{place}-{seed}" for seed, _ in enumerate(tables)]
            for folder, clips in zip(folders, tables, strict=True):
                make_finished(folder, {METRIC: clips}, recipe="xtts_phase1")
            opened = {seed: opened_run(folder) for seed, folder in enumerate(folders)}
            values = {"training.batch_size": str(place)} if place else {}
            recipe = runs[0][0].recipe if runs else opened[0].recipe
            points.append(Point(values, {}, recipe, f"{place}{place}{place}"))
            runs.append(opened)
        return results_of(points, runs, failures or {}, range(len(base)))

    return swept


def seeds(shift, spread, number=3, seed=0):
    random = np.random.default_rng(seed)
    return [HARD + shift + spread * random.standard_normal() for _ in range(number)]


def test_the_best_is_first_and_spoken_of_as_a_recipe_where_seeds_were_repeated(swept):
    found = swept(seeds(0.0, 0.01), seeds(-0.5, 0.01, seed=1), seeds(0.5, 0.01, seed=2))
    assert [row.outcome for row in found.rows] == ["better", "", "worse"]
    said = " ".join(found.sentences)
    assert "training.batch_size=1 is better than the recipe as it is by mel_ce" in said
    assert "this holds of these recipes" in said
    assert "allow for 2 points (Bonferroni)" in said


def test_one_seed_speaks_of_these_weights(swept):
    found = swept(seeds(0.0, 0.0, 1), [HARD - 0.5])
    assert found.rows[0].outcome == "better"
    assert "of these weights, not of these recipes" in " ".join(found.sentences)


def test_what_only_seeds_tell_apart_is_no_winner(swept):
    found = swept(seeds(0.0, 0.3), seeds(-0.2, 0.3, seed=1))
    assert "No point is shown to be better" in " ".join(found.sentences)


def test_many_points_need_more_to_win_than_one(swept):
    noise = np.where(np.arange(len(HARD)) % 2, 1.0, -1.0)
    little = [HARD - 0.34 + noise]
    assert swept([HARD], little).rows[0].outcome == "better"
    many = swept([HARD], little, *([HARD + 5.0 + one] for one in range(8)))
    assert many.rows[0].outcome == "no difference shown"


def test_a_failed_run_is_in_the_table_with_its_reason_and_stops_no_other(swept):
    found = swept(seeds(0.0, 0.01), [], failures={"xtts_phase1-111-seed0": "out of memory"})
    assert (found.rows[-1].spread, found.rows[-1].figures) == ("no result", [])
    assert any("out of memory" in one for one in found.sentences)


def test_the_files_hold_every_row_and_the_page_needs_nothing_else(swept, tmp_path):
    found = swept(seeds(0.0, 0.01), seeds(-0.5, 0.01, seed=1))
    files = {path.suffix: path for path in write_results(found, tmp_path, "cantus sweep x")}
    assert len(files[".tsv"].read_text().splitlines()) == 3
    assert '"speaks_of": "recipes"' in files[".json"].read_text()
    page = files[".html"].read_text()
    assert "training.batch_size=1" in page
    assert "http" not in page.replace("http-equiv", "")


@pytest.mark.parametrize(("why", "outcome"), [("a guard", "no difference shown"), (None, "better")])
def test_a_point_of_which_more_runs_failed_is_not_called_better(swept, why, outcome):
    failures = {"xtts_phase1-111-seed2": why or "it was not trained yet"}
    found = swept(seeds(0.0, 0.01), seeds(-0.5, 0.01, 2, seed=1), failures=failures)
    assert found.rows[0].outcome == outcome
    said = "but 1 of its 3 runs failed, and 0 of 3 of the recipe as it is"
    assert (said in " ".join(found.sentences)) == (why is not None)
