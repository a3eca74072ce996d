from pathlib import Path

from engine.project import Project
from engine.recipe.params import Tracking
from engine.tracking.aim_repository import aim_repository, repository_in

PROJECT = Project(Path("/home/me/checkout"))


def test_without_a_word_it_is_the_checkout_also_in_an_experiment():
    experiment = Project(PROJECT.root / ".dvc" / "tmp" / "exps" / "x")
    for project in (PROJECT, experiment):
        assert aim_repository(project, Tracking()) == repository_in(PROJECT.root)


def test_a_folder_may_be_anywhere_and_holds_how_far_it_has_come():
    shared = aim_repository(PROJECT, Tracking(aim_repository="/data/aim"))
    beside = aim_repository(PROJECT, Tracking(aim_repository="../aim"))
    assert (shared.place, shared.states) == ("/data/aim", Path("/data/aim/.aim/cantus"))
    assert Path(beside.place) == PROJECT.root / "../aim"
    assert not shared.is_server


def test_of_a_server_the_project_remembers_it():
    server = aim_repository(PROJECT, Tracking(aim_repository="aim://gpu:53800"))
    assert server.is_server
    assert server.states == PROJECT.root / ".aim/cantus/gpu_53800"
