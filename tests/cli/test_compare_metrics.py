import json

import pytest

from engine.cli.compare_metrics import Figures, compare_metrics
from engine.errors import UserError
from engine.project import Project


@pytest.fixture
def metrics(tmp_path):
    """Write a metrics file of a recipe."""

    def metrics(name: str, **values: object) -> Project:
        path = Project(tmp_path).metrics(name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")
        return Project(tmp_path)

    return metrics


def lines(project: Project) -> list[str]:
    sides = [Figures(recipe=name, file=project.metrics(name), title=name) for name in ("a", "b")]
    return list(compare_metrics(project, *sides))


def rows(project: Project) -> list[list[str]]:
    return [line.split() for line in lines(project)]


def test_nested_metrics_are_named_by_their_path(metrics):
    metrics("a", baseline={"grid": {"db": 7}}, evaluation_set="x")
    project = metrics("b", baseline={"grid": {"db": 7}}, evaluation_set="x")
    assert rows(project)[-1] == ["baseline.grid.db", "7", "7", "+0"]


def test_what_is_no_number_has_no_difference(metrics):
    metrics("a", note="x", evaluation_set="x")
    project = metrics("b", note="y", evaluation_set="x")
    assert rows(project)[-1] == ["note", "x", "y", "-"]


def test_without_any_metrics_both_are_named(tmp_path):
    *_, line = lines(Project(tmp_path))
    assert line.endswith("Missing until trained: metrics/a.json, metrics/b.json")


def test_the_digests_themselves_are_not_listed(metrics):
    metrics("a", loss=1.0, evaluation_set="x")
    project = metrics("b", loss=1.0, evaluation_set="y")
    assert all(row[:1] != ["evaluation_set"] for row in rows(project))


@pytest.mark.parametrize("content", ["", "{", "\x00"])
def test_a_damaged_file_says_how_to_make_it_again(metrics, content):
    project = metrics("a")
    project.metrics("b").write_text(content)
    with pytest.raises(UserError, match="dvc repro -f b"):
        rows(project)
