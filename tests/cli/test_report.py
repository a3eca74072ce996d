import pytest

from engine.recipe import load_recipe, write_recipe
from engine.system_support.discovery import recipe_classes
from engine.tracking.events import Event
from tests.run_folders import add_events, start

VERDICT = {"metric": "eval/rmse_db", "value": 5.5, "keep": "words", "say": "better than the grid"}


@pytest.fixture
def model(project):
    folder = project / "models" / "words"
    folder.mkdir(parents=True)
    source = project / "recipes" / "words.toml"
    write_recipe(load_recipe(source, classes=recipe_classes()), folder / "recipe.toml")
    facts = {"verdict": VERDICT, "seconds": 1.0, "best_step": 5, "expectations": []}
    add_events(folder, [start("words"), Event("finish", 5, 1.0, {"eval/rmse_db": 5.5}, facts)])
    return folder


def test_it_rebuilds_the_page_and_prints_its_path_and_the_verdict(model, cantus):
    answer = cantus("report", "words")
    path, verdict = answer.out.splitlines()
    assert path == str(model / "report.html")
    assert "better than the grid" in (model / "report.html").read_text(encoding="utf-8")
    assert (
        verdict
        == "Verdict on these weights: better than the grid (eval/rmse_db is 5.5); keep words."
    )


def test_a_recipe_that_never_ran_is_an_error_and_leaves_nothing(project, cantus):
    answer = cantus("report", "words")
    assert (answer.code, answer.out) == (2, "")
    assert not (project / "models").exists()


def test_help_has_an_example(cantus):
    assert "Examples:\n    cantus report audio_vae\n" in cantus("report", "--help").out
