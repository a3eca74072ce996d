"""Clocks that go back, leap ahead or stand still: no order depends on them."""

import itertools
import os
import time
from functools import partial

import pytest

from engine.project import Project
from engine.report.find import find_run
from tests.training.faults import result
from tests.training.train_toy import finish, start, wait_for_step

_YEAR = 365 * 86400.0


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    finish(folder)
    return result(folder)


@pytest.mark.parametrize("leap", [-10.0, -5 * _YEAR, 50 * _YEAR, 0.0], ids=str)
def test_a_clock_that_leaps_at_every_look_changes_nothing(undisturbed, tmp_path, leap):
    finish(tmp_path, before=partial(set_clock, leap))
    assert result(tmp_path) == undisturbed


def test_a_run_resumed_in_the_past_with_files_of_the_future_goes_on_from_the_newest_step(
    undisturbed, tmp_path
):
    process = start(tmp_path, seconds=0.03)
    wait_for_step(tmp_path, 11)
    process.kill()
    process.join()
    for age, path in enumerate(sorted(tmp_path.glob("runs/toy/*/checkpoints/*"))):
        os.utime(path, (time.time() + (9 - age) * _YEAR,) * 2)
    finish(tmp_path, before=partial(set_clock, -10.0))
    assert "resumed at step 9\n" in (tmp_path / "said").read_text()
    assert result(tmp_path) == undisturbed


def test_the_run_that_is_told_of_is_the_one_begun_last_whatever_the_clock_said(tmp_path):
    finish(tmp_path, batch_size=4, epochs=1)
    for batch_size, leap in ((8, _YEAR), (4, 0.0), (8, 0.0)):
        process = start(
            tmp_path,
            seconds=0.05,
            batch_size=batch_size,
            before=partial(set_clock, leap),
            again=True,
        )
        wait_for_step(tmp_path, 1)
        process.kill()
        process.join()
        found = find_run(Project(tmp_path), "toy")
        assert f"batch_size = {batch_size}\n" in (found / "recipe.toml").read_text()


def set_clock(leap):
    """Let the clock go on by `leap` seconds at every look."""
    begun = time.time()
    looks = itertools.count(1)
    time.time = lambda: begun + leap * next(looks)
