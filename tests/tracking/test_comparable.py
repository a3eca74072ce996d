import json

from engine.project import Project
from engine.tracking.comparable import evaluation_sets, foreign_recipes, tell_incomparable


def project_with(tmp_path, **sets):
    (tmp_path / "metrics").mkdir()
    for name, digest in sets.items():
        (tmp_path / f"metrics/{name}.json").write_text(json.dumps({"evaluation_set": digest}))
    return Project(tmp_path)


def test_recipes_of_one_evaluation_set_have_nothing_said_of_them(tmp_path):
    project = project_with(tmp_path, a="12345678aa", b="12345678aa")
    assert tell_incomparable(evaluation_sets(project)) is None
    assert foreign_recipes(project, "12345678aa") == set()


def test_recipes_are_named_by_the_clips_they_were_measured_on(tmp_path):
    project = project_with(tmp_path, a="12345678aa", b="12345678aa", c="9f8e7d6c5b")
    said = tell_incomparable(evaluation_sets(project))
    assert said.startswith("Figures of different evaluation sets cannot be compared")
    assert said.endswith("between them: a, b (set 12345678); c (set 9f8e7d6c).")
    assert foreign_recipes(project, "12345678aa") == {"c"}


def test_what_cannot_be_read_or_names_no_set_is_left_out(tmp_path):
    project = project_with(tmp_path, a="12345678aa", b=None, c=3)
    for name, content in {"d": "{", "e": "[]", "f": "[" * 100_000}.items():
        (tmp_path / f"metrics/{name}.json").write_text(content)
    assert set(evaluation_sets(project)) == {"a"}
