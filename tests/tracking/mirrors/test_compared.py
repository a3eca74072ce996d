from pathlib import Path

import pytest

from engine.errors import UserError
from engine.tracking.mirrors.compared import held_runs, newest_phases
from engine.tracking.mirrors.place import repository_in
from engine.tracking.mirrors.state import MirrorState, run_key, write_state
from tests.run_folders import make_run, start


def hold(folder: Path, name: str, recipe: str, started: float, parent: str = "", project: str = ""):
    state = MirrorState(name, recipe, "rmse_db", started, parent=parent, project=project)
    write_state(repository_in(folder), name, state)


def compared(folder: Path, project: str = "/mine") -> list[str]:
    return [run.run_hash for run in newest_phases(repository_in(folder), Path(project))]


def test_the_newest_run_is_compared_with_its_own_phases_in_their_order(tmp_path):
    hold(tmp_path, "first", "phase1", 1.0)
    hold(tmp_path, "second", "phase2", 2.0, parent="phase1")
    hold(tmp_path, "stranger", "audio_vae", 3.0)
    hold(tmp_path, "third", "phase3", 4.0, parent="phase2")
    assert compared(tmp_path) == ["first", "second", "third"]


def test_a_run_without_a_parent_stands_alone(tmp_path):
    hold(tmp_path, "first", "audio_vae", 1.0)
    hold(tmp_path, "other", "audio_vae_plus", 2.0)
    assert compared(tmp_path) == ["other"]


def test_a_parent_that_was_trained_again_later_is_not_the_one_continued(tmp_path):
    hold(tmp_path, "older", "phase1", 1.0)
    hold(tmp_path, "continued", "phase1", 2.0)
    hold(tmp_path, "child", "phase2", 3.0, parent="phase1")
    hold(tmp_path, "grandchild", "phase3", 5.0, parent="phase2")
    hold(tmp_path, "again", "phase1", 4.0)
    assert compared(tmp_path) == ["continued", "child", "grandchild"]


def test_notes_that_name_each_other_as_parents_end(tmp_path):
    hold(tmp_path, "a", "phase1", 2.0, parent="phase2")
    hold(tmp_path, "b", "phase2", 1.0, parent="phase1")
    hold(tmp_path, "c", "own", 3.0, parent="own")
    assert compared(tmp_path) == ["c"]
    hold(tmp_path, "d", "phase1", 4.0, parent="phase2")
    assert compared(tmp_path) == ["b", "d"]


def test_runs_of_other_projects_in_the_same_repository_are_left_out(tmp_path):
    hold(tmp_path, "mine", "phase1", 1.0, project="/mine")
    hold(tmp_path, "other", "phase2", 2.0, parent="phase1", project="/others")
    assert compared(tmp_path) == ["mine"]


def test_without_a_run_the_error_says_to_train(tmp_path):
    with pytest.raises(UserError, match=r"Aim has no run yet\. Train a recipe first: dvc repro"):
        compared(tmp_path)


def test_runs_that_are_named_come_as_named_and_one_that_is_not_held_is_an_error(tmp_path):
    first = make_run(tmp_path / "a", [start("phase1")])
    second = make_run(tmp_path / "b", [start("phase2")])
    place = repository_in(tmp_path)
    for folder, name in ((first, "one"), (second, "two")):
        write_state(place, run_key(folder), MirrorState(name, name, "rmse_db", 1.0))
    assert [run.run_hash for run in held_runs(place, [second, first])] == ["two", "one"]
    with pytest.raises(UserError, match=r"Aim does not have the run .*/c: the message above"):
        held_runs(place, [make_run(tmp_path / "c", [start("phase3")])])
