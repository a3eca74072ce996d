import hashlib
import json

import numpy as np
import pytest

from engine.cli.compare_metrics import Figures, compare_metrics
from engine.errors import UserError
from engine.evaluation.clip_table import ClipTable, write_clip_table
from engine.evaluation.digests import as_digests
from engine.project import Project
from tests.run_folders import resolved_recipe


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


@pytest.fixture
def models(metrics):
    """Two finished models with a figure for each of 60 clips, the second's in another order."""
    order = np.random.default_rng(0).permutation(60)
    digests = as_digests(hashlib.sha256(bytes([n])).hexdigest() for n in range(60))
    clips = np.linspace(1.0, 9.0, 60)

    def models(change, **values):
        for name, rows, errors in (("a", order, clips), ("b", np.arange(60), clips + change)):
            project = metrics(name, **{"evaluation_set": "x", "eval": {"m": 5.0}} | values)
            project.model(name).mkdir(parents=True, exist_ok=True)
            (project.model(name) / "metrics.json").write_bytes(project.metrics(name).read_bytes())
            ids = tuple(str(row) for row in rows)
            table = ClipTable(ids, digests[rows], {"best/m": errors[rows], "other/m": errors})
            write_clip_table(project.evaluation_clips(name), table)
            (project.model(name) / "recipe.toml").write_text(resolved_recipe("xtts_phase1"))
        return project

    return models


def with_models(project):
    sides = [
        Figures(recipe=n, file=project.metrics(n), title=n, model=project.model(n))
        for n in ("a", "b")
    ]
    return list(compare_metrics(project, *sides))


def test_differences_clip_by_clip_carry_their_interval(models):
    noise = np.where(np.arange(60) % 2, 0.21, -0.2)
    *_, title, line = with_models(models(noise))
    assert title == "\nClip by clip, b minus a:"
    assert line == (
        "eval.m  +0.005 (95 % CI -0.048 to +0.058, 60 clips): no change that can be told from noise"
    )
    assert with_models(models(-0.5 + noise))[-1].endswith("60 clips): lower")


def test_other_evaluation_sets_are_never_compared_clip_by_clip(models):
    project = models(0.0)
    project.metrics("b").write_text(json.dumps({"evaluation_set": "y", "eval": {"m": 5.0}}))
    assert "not comparable" in with_models(project)[-1]


def test_figures_of_another_training_than_the_metrics_are_not_shown(models):
    project = models(0.0)
    project.metrics("b").write_text(json.dumps({"evaluation_set": "x", "eval": {"m": 4.0}}))
    assert not any("Clip by clip" in line for line in with_models(project))


def test_figures_in_units_of_each_recipes_own_have_no_difference(metrics):
    groups = {name: {"loss": 1.0, "db": 2.0} for name in ("eval", "parent")}
    groups["baseline"] = {"grid": {"loss": 3.0, "db": 4.0}}
    metrics("a", **groups, scale={"loss": "ab"}, evaluation_set="x")
    project = metrics("b", **groups, scale={"loss": "cd"}, evaluation_set="x")
    differences = {row[0]: row[-1] for row in rows(project) if row and "." in row[0]}
    for group in ("eval", "parent", "baseline.grid"):
        assert differences[f"{group}.loss"] == "-"
        assert differences[f"{group}.db"] == "+0"
    said = "No difference is given of loss: a and b have them in units of their own"
    assert lines(project)[-1].startswith(said)
    assert not any("scale" in line for line in lines(project))
    metrics("b", **groups, evaluation_set="x")
    assert lines(project)[-1].startswith(said)


def test_nor_are_they_compared_clip_by_clip(models):
    project = models(-0.5, scale={"m": "ab"})
    assert with_models(project)[-1].startswith("eval.m ")
    content = {"evaluation_set": "x", "eval": {"m": 5.0}, "scale": {"m": "cd"}}
    for path in (project.metrics("b"), project.model("b") / "metrics.json"):
        path.write_text(json.dumps(content))
    assert not any("Clip by clip" in line for line in with_models(project))
