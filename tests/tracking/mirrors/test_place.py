from pathlib import Path

from engine.project import Project
from engine.recipe.params import Tracking
from engine.tracking.mirrors.place import mirror_place, repository_in

PROJECT = Project(Path("/home/me/checkout"))


def test_without_a_word_it_is_the_checkout_also_in_an_experiment():
    experiment = Project(PROJECT.root / ".dvc" / "tmp" / "exps" / "x")
    for project in (PROJECT, experiment):
        assert mirror_place("aim", project, Tracking()) == repository_in(PROJECT.root)


def test_a_folder_may_be_anywhere_and_holds_how_far_it_has_come():
    shared = mirror_place("aim", PROJECT, Tracking(aim_repository="/data/aim"))
    beside = mirror_place("aim", PROJECT, Tracking(aim_repository="../aim"))
    assert (shared.place, shared.states) == ("/data/aim", Path("/data/aim/.aim/cantus"))
    assert Path(beside.place) == PROJECT.root / "../aim"
    assert not shared.is_server


def test_of_a_server_the_project_remembers_it():
    server = mirror_place("aim", PROJECT, Tracking(aim_repository="aim://gpu:53800"))
    assert server.is_server
    assert server.states == PROJECT.root / ".aim/cantus/gpu_53800"


def test_trackio_has_a_folder_of_its_own_in_the_checkout():
    place = mirror_place("trackio", PROJECT, Tracking(aim_repository="/data/aim"))
    assert Path(place.place) == PROJECT.root / ".trackio"
    assert place.states == PROJECT.root / ".trackio/cantus"
