import pytest

from engine.errors import UserError
from engine.project import Project
from engine.report.find import find_run
from engine.tracking.events import Event
from tests.run_folders import make_run, start


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def ended(time: float) -> list[Event]:
    return [start("audio_vae", time=1.0), Event("finish", 10, time=time)]


def test_a_name_finds_the_run_whose_last_event_is_newest(project):
    newer = make_run(project.runs("audio_vae") / "b", ended(20.0))
    make_run(project.runs("audio_vae") / "a", ended(10.0))
    make_run(project.model("audio_vae"), ended(15.0))
    assert find_run(project, "audio_vae") == newer


def test_of_a_finished_run_and_its_model_the_model_is_found(project):
    make_run(project.runs("audio_vae") / "a", ended(10.0))
    model = make_run(project.model("audio_vae"), ended(10.0))
    assert find_run(project, "audio_vae") == model


def test_a_folder_is_itself(project):
    run = make_run(project.runs("audio_vae") / "a", ended(10.0))
    assert find_run(project, str(run)) == run


def test_an_unknown_run_is_an_error_that_names_those_there_are(project):
    make_run(project.runs("audio_vae") / "a", ended(10.0))
    with pytest.raises(UserError, match=r"called 'audio_va'\. Did you mean 'audio_vae'\?"):
        find_run(project, "audio_va")


def test_before_the_first_run_the_error_says_how_to_start(project):
    project.recipes.mkdir(exist_ok=True)
    (project.recipes / "audio_vae.toml").touch()
    with pytest.raises(UserError, match=r"'audio_vae' has no run here.*start with `dvc repro`"):
        find_run(project, "audio_vae")
    with pytest.raises(UserError, match=r"called 'other'.*start with `dvc repro`"):
        find_run(project, "other")
