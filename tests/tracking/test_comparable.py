import json

import pytest

from engine.project import Project
from engine.tracking.comparable import evaluation_sets, foreign_recipes, incomparable_in_words
from tests.run_folders import units


def project_with(tmp_path, **sets):
    """Metrics of recipes of one system, by their digests."""
    project = Project(tmp_path)
    for folder in (tmp_path / "metrics", project.recipes):
        folder.mkdir()
    for name, digest in sets.items():
        project.metrics(name).write_text(json.dumps({"evaluation_set": digest}))
        project.recipe(name).write_text('system = "codec"\n')
    return project


def test_recipes_of_one_evaluation_set_have_nothing_said_of_them(tmp_path):
    project = project_with(tmp_path, a="12345678aa", b="12345678aa")
    assert incomparable_in_words(project) is None
    assert foreign_recipes(project, "12345678aa") == set()


def test_recipes_are_named_by_the_clips_they_were_measured_on(tmp_path):
    project = project_with(tmp_path, a="12345678aa", b="12345678aa", c="9f8e7d6c5b")
    said = incomparable_in_words(project)
    assert said.startswith("Figures of different evaluation sets cannot be compared")
    assert said.endswith("between them: a, b (set 12345678); c (set 9f8e7d6c).")
    assert foreign_recipes(project, "12345678aa") == {"c"}


def test_recipes_of_one_set_that_measure_otherwise_are_named_with_what_differs(tmp_path):
    project = project_with(tmp_path, a="12345678aa", b="12345678aa")
    for name, version in (("a", "1.1.0"), ("b", "0.5.0")):
        known = units("pesq", resampler=f"soxr {version}") | {"evaluation_set": "12345678aa"}
        project.metrics(name).write_text(json.dumps({"eval": {"pesq": 2.0}} | known))
    assert incomparable_in_words(project) == (
        "pesq of a and b cannot be compared: resampled by soxr 1.1.0 in a and by soxr 0.5.0 in b."
    )


def test_recipes_of_different_systems_are_not_held_against_each_other(tmp_path):
    project = project_with(tmp_path, a="12345678aa", b="9f8e7d6c5b")
    project.model("b").mkdir(parents=True)
    (project.model("b") / "recipe.toml").write_text('system = "voice"\n')
    project.metrics("of_no_recipe").write_text('{"lines": 3}')
    assert incomparable_in_words(project) is None
    for name in ("c", "d"):
        project.metrics(name).write_text(json.dumps({"evaluation_set": name * 8}))
        project.recipe(name).write_text('extends = "a.toml"\n')
    said = incomparable_in_words(project)
    assert said.endswith("them: a (set 12345678); c (set cccccccc); d (set dddddddd).")


@pytest.mark.parametrize("content", ['{"evaluation_set": 3}', "{}", "{", "[]", "[" * 100_000])
def test_what_cannot_be_read_or_names_no_set_compares_with_nothing(tmp_path, content):
    project = project_with(tmp_path, a="12345678aa", b="", c="")
    for name in ("b", "c"):
        project.metrics(name).write_text(content)
    assert evaluation_sets(project) == {"a": "12345678aa", "b": None, "c": None}
    assert foreign_recipes(project, "12345678aa") == {"b", "c"}
    assert foreign_recipes(project, None) == {"a", "b", "c"}
    said = incomparable_in_words(project)
    assert said.endswith("them: a (set 12345678); b (set unknown); c (set unknown).")
