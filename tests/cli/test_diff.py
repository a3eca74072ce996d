import json

import numpy as np
import pytest

from engine.project import Project
from engine.recipe import load_recipe, write_recipe
from engine.system_support.discovery import recipe_classes
from engine.tracking.events import Event
from tests.run_folders import add_events, make_finished, start, units

NOTHING_KEPT = {"keep": "nothing", "say": "worse than uniform_grid"}


@pytest.fixture
def other(project, recipe):
    """A second recipe, with another learning rate."""
    text = recipe.replace('name = "words"', 'name = "other"').replace("1e-3", "3e-3")
    (project / "recipes" / "other.toml").write_text(text)
    demo = project / "recipes" / "demo"
    (demo / "other.toml").write_text((demo / "words.toml").read_text().replace("words", "other"))
    return project


def metrics(project, name, **values):
    path = Project(project).metrics(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(values))


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_values_that_differ_stand_side_by_side(other, cantus):
    assert rows(cantus("diff", "words", "other").out)[:3] == [
        ["words", "other"],
        ["optimizer.autoencoder.learning_rate", "0.001", "0.003"],
        [],
    ]


def test_values_that_describe_are_among_all_of_them(other, cantus):
    path = other / "recipes" / "other.toml"
    path.write_text(path.read_text().replace("a test", "another test"))
    few, every = (cantus("diff", "words", "other", *more).out for more in ([], ["--all"]))
    assert "summary" not in few
    assert "The rest, 1 value or metric: cantus diff words other --all\n" in few
    assert "\nsummary " in every
    assert "\nname " in every
    assert "The rest" not in every


@pytest.fixture
def models(other):
    """Both have a finished model, that of the second better by the metric that decides."""
    clips = np.linspace(1.0, 9.0, 40)
    for name, change in (("words", 0.0), ("other", -0.5)):
        folder = Project(other).model(name)
        figures = {"rmse_db": clips + change, "reconstruction": clips}
        make_finished(folder, figures, untrained={"rmse_db": 25.0})
        recipe = load_recipe(Project(other).recipe(name, "demo"), classes=recipe_classes())
        write_recipe(recipe, folder / "recipe.toml")
    return other


def test_what_is_better_comes_first_then_what_matters(models, cantus):
    lines = cantus("diff", "words", "other").out.splitlines()
    assert lines[0].startswith("The weights of other are better than those of words: rmse_")
    assert "not of these recipes" in lines[1]
    assert lines[2] == "Other metrics of other: undecided by reconstruction."
    assert lines[4].split() == ["words", "other"]
    assert lines[5].startswith("optimizer.autoencoder.learning_rate")
    assert lines[8].split()[:4] == ["rmse_db", "5", "4.5", "-0.500000"]
    assert not any("untrained" in line for line in lines)
    assert lines[-3].startswith(
        "Differences are other minus words. One with an interval is the mean"
    )
    assert lines[-1] == "The rest, 1 value or metric: cantus diff words other --all"


def test_a_baseline_that_is_better_than_both_is_named(models, cantus):
    for name in ("words", "other"):
        event = Event("baseline", 0, metrics={"baseline/uniform_grid/rmse_db": 1.0})
        result = Event("finish", 9, metrics={"eval/rmse_db": 5.0}, facts={"verdict": NOTHING_KEPT})
        add_events(Project(models).model(name), [start(name), event, result])
    said = "Use none of them: uniform grid, an untrained baseline, is better."
    assert cantus("diff", "words", "other").out.splitlines()[3] == said


def test_all_metrics_are_listed_on_request_and_why_some_are_not_compared(models, cantus):
    for name in ("words", "other"):
        path = Project(models).model(name) / "metrics.json"
        content = json.loads(path.read_text())
        content["eval"]["perplexity"] = 3.0
        content["scale"]["perplexity"] = content["scale"]["rmse_db"]
        path.write_text(json.dumps(content))
    lines = cantus("diff", "words", "other", "--all").out.splitlines()
    assert any(line.startswith("untrained.rmse_db") for line in lines)
    said = "Not compared clip by clip: eval/perplexity: it is one figure for all clips."
    assert lines[-1] == said


def test_a_model_that_was_trained_with_other_values_is_told_of(models, cantus):
    path = models / "recipes" / "other.toml"
    path.write_text(path.read_text().replace("3e-3", "4e-3"))
    told = "note: models/other was trained with other values than its recipe has now"
    answer = cantus("diff", "words", "other").out
    assert told in answer
    assert "models/words was" not in answer


def test_recipes_are_compared_under_the_profile(other, cantus, recipe):
    text = recipe.replace("epochs = 5", "epochs = 7")
    (other / "recipes" / "words.toml").write_text(text)
    assert "training.epochs" not in cantus("diff", "words", "other").out


def test_untrained_recipes_have_no_metrics_to_compare(other, cantus):
    metrics(other, "words", eval={"loss": 1.0})
    answer = cantus("diff", "words", "other")
    assert answer.out.endswith("\nother is not trained: `dvc repro other` trains it\n")
    assert "optimizer.autoencoder.learning_rate" in answer.out
    assert answer.code == 0


def test_metrics_of_one_evaluation_set_have_a_difference(other, cantus):
    alike = units("loss") | {"evaluation_set": "abc"}
    metrics(other, "words", eval={"loss": 1.5, "x": None}, **alike)
    metrics(other, "other", eval={"loss": 1.25}, step=3, **alike)
    answer = cantus("diff", "words", "other").out
    assert rows(answer)[-3:] == [
        ["words", "other", "difference"],
        ["loss", "1.5", "1.25", "-0.25"],
        ["step", "-", "3"],
    ]


@pytest.mark.parametrize("digests", [("abc", "xyz"), ("abc", None), (None, None)])
def test_metrics_of_other_evaluation_sets_have_none_and_a_sentence(other, cantus, digests):
    for name, digest, loss in zip(("words", "other"), digests, (1.5, 1.25), strict=True):
        metrics(other, name, eval={"loss": loss}, evaluation_set=digest)
    answer = cantus("diff", "words", "other").out
    assert ["loss", "1.5", "1.25"] in rows(answer)
    assert "-0.25" not in answer
    assert "words and other were evaluated on different clips" in answer


def test_damaged_metrics_are_an_error(other, cantus):
    metrics(other, "words")
    Project(other).metrics("other").write_text("{")
    answer = cantus("diff", "words", "other")
    assert answer.code == 2
    assert "is not a JSON file" in answer.error


def test_departures_from_what_was_published_are_listed(project, cantus):
    answer = cantus("diff", "words", "--upstream").out
    assert rows(answer)[0] == ["upstream/audio_puzzle_vae.toml", "recipes/words.toml"]
    assert ["model.normalisation.kind", "batch_min_max", "fixed_window"] in rows(answer)
    assert ["dataset.num_train_clips", "50000", "-"] in rows(answer)
    assert "learning_rate" not in answer
    assert "summary" not in answer


def test_the_published_setup_itself_departs_in_nothing(project, cantus):
    upstream = (project / "upstream" / "audio_puzzle_vae.toml").read_text()
    (project / "recipes" / "words.toml").write_text(
        upstream.replace("schema = 2", 'schema = 2\nupstream = "audio_puzzle_vae"')
    )
    (project / "recipes" / "demo" / "words.toml").write_text('extends = "../words.toml"\n')
    assert cantus("diff", "words", "--upstream").out == "No value differs.\n"


def test_a_demo_and_its_recipe_are_compared_by_path(project, cantus):
    metrics(project, "words", eval={"loss": 1.0})
    answer = cantus("diff", "recipes/words.toml", "recipes/demo/words.toml").out
    assert rows(answer) == [
        ["recipes/words.toml", "recipes/demo/words.toml"],
        ["training.epochs", "5", "1"],
    ]


def test_what_the_losses_of_a_demo_are_instead_is_told_beside_another_recipe(other, cantus):
    demo = other / "recipes" / "demo" / "words.toml"
    demo.write_text(demo.read_text() + "[losses]\ncommitment = 0.5\n")
    told = "words: demo settings: commitment 0.5 instead of 0.25"
    assert told in cantus("diff", "words", "other").out
    assert "demo settings" not in cantus("diff", "words", "--upstream").out


@pytest.mark.parametrize("upstream", ["", 'upstream = "elsewhere"'])
def test_a_recipe_without_a_published_setup_is_told_those_there_are(
    project, cantus, recipe, upstream
):
    text = recipe.replace('upstream = "audio_puzzle_vae"', upstream)
    (project / "recipes" / "words.toml").write_text(text)
    answer = cantus("diff", "words", "--upstream")
    assert answer.code == 2
    assert "audio_puzzle_vae" in answer.error


@pytest.fixture
def trained(project):
    """A project whose recipe 'words' has a finished model."""
    path = project / "recipes" / "demo" / "words.toml"
    recipe = load_recipe(path, classes=recipe_classes())
    write_recipe(recipe, Project(project).model("words") / "recipe.toml")
    return project


def last_metrics(project, **values):
    (Project(project).model("words") / "metrics.json").write_text(json.dumps(values))


def test_what_changed_since_the_last_model_is_listed(trained, cantus, recipe):
    assert cantus("diff", "words", "--last").out.startswith("No value differs.\n")
    path = trained / "recipes" / "words.toml"
    path.write_text(recipe.replace("batch_size = 64", "batch_size = 32"))
    assert rows(cantus("diff", "words", "--last").out)[:2] == [
        ["last", "trained", "now"],
        ["training.batch_size", "64", "32"],
    ]


def test_metrics_of_the_last_model_stand_beside_the_present_ones(trained, cantus):
    alike = units("loss") | {"evaluation_set": "abc"}
    last_metrics(trained, eval={"loss": 1.5}, **alike)
    metrics(trained, "words", eval={"loss": 1.25}, **alike)
    answer = cantus("diff", "words", "--last").out
    assert rows(answer)[-2:] == [
        ["last", "trained", "now", "difference"],
        ["loss", "1.5", "1.25", "-0.25"],
    ]


def test_metrics_of_the_last_model_on_other_clips_have_no_difference(trained, cantus):
    last_metrics(trained, eval={"loss": 1.5}, evaluation_set="abc")
    metrics(trained, "words", eval={"loss": 1.25}, evaluation_set="xyz")
    answer = cantus("diff", "words", "--last").out
    assert ["loss", "1.5", "1.25"] in rows(answer)
    said = "No difference is given: last trained and now were evaluated on different clips"
    assert said in answer


def test_a_last_model_without_metrics_names_the_file(trained, cantus):
    metrics(trained, "words", eval={"loss": 1.25})
    answer = cantus("diff", "words", "--last").out
    assert answer.endswith(
        "There is no models/words/metrics.json. Create it again: dvc repro -f words\n"
    )


def test_damaged_metrics_of_the_last_model_name_the_recipe_to_make_again(trained, cantus):
    (Project(trained).model("words") / "metrics.json").write_text("{")
    metrics(trained, "words", eval={"loss": 1.25})
    answer = cantus("diff", "words", "--last")
    assert answer.code == 2
    assert "dvc repro -f words" in answer.error


def test_without_a_finished_model_there_is_nothing_to_compare(project, cantus):
    answer = cantus("diff", "words", "--last")
    assert answer.code == 2
    assert "there is no models/words/recipe.toml" in answer.error


@pytest.mark.parametrize("words", [["words"], ["words", "other", "--last"]])
def test_one_thing_to_compare_with_is_wanted(other, cantus, words):
    answer = cantus("diff", *words)
    assert answer.code == 2
    assert "one of the three" in answer.error


def test_the_help_has_an_example(cantus):
    assert "Examples:\n    cantus diff audio_vae audio_vae_plus  " in cantus("diff", "--help").out
