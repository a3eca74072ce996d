import json
import shutil

import numpy as np
import pytest
from attrs import evolve

from engine.errors import UserError
from engine.evaluation.clip_table import read_clip_table, write_clip_table
from engine.project import Project
from engine.recipe import load_params
from engine.report.paired_runs import compare_runs
from engine.report.run_files import RunFiles
from engine.runs import measure as module
from engine.runs.measure import in_words, measure
from engine.runs.run import Run
from engine.training.watcher import Silent
from tests.training.toy import build_toy, toy_recipe

PARAMS = 'seed = 1\nprofile = "full"\n[hardware]\ndevice = "cpu"\nnum_threads = 1\n'
PARAMS += "[corpora]\n[tracking]\nmirrors = []\n"
RECIPE = toy_recipe(epochs=1)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    project = Project(tmp_path_factory.mktemp("trained"))
    project.params.write_text(PARAMS)
    Run(RECIPE, project, load_params(project.params), build_toy, Silent()).train()
    return project


@pytest.fixture
def project(trained, tmp_path, monkeypatch):
    """A project with a finished toy, as a Cantus left it that did not record units."""
    shutil.copytree(trained.root, tmp_path / "project")
    found = Project(tmp_path / "project")
    for folder in (found.model("toy"), *found.root.glob("runs/toy/*/model")):
        older(folder)
    monkeypatch.setattr(module, "build_system", build_toy)
    return found


def older(model):
    content = json.loads((model / "metrics.json").read_text())
    del content["units"], content["scale"]
    replace(model / "metrics.json", json.dumps(content))
    lines = (model / "events.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    for event in events:
        for name in ("scales", "units"):
            event.get("facts", {}).pop(name, None)
    replace(model / "events.jsonl", "".join(json.dumps(event) + "\n" for event in events))
    table = read_clip_table(model / "evaluation" / "clips.tsv")
    (model / "evaluation" / "clips.tsv").unlink()
    write_clip_table(model / "evaluation" / "clips.tsv", evolve(table, units={}))


def replace(path, text):
    path.unlink()
    path.write_text(text)


def again(project):
    return measure(RECIPE, project, load_params(project.params))


def files(project, name="toy"):
    return RunFiles(name, project.model("toy"), RECIPE)


def test_a_model_of_an_older_cantus_is_compared_after_it_is_measured_again(project, trained):
    new = RunFiles("new", trained.model("toy"), RECIPE)
    before = compare_runs(new, files(project))
    assert before.compared == {}
    assert "`cantus measure toy` measures again" in before.left_out["eval/error"]
    figures = again(project)
    after = compare_runs(new, files(project))
    assert after.left_out["eval/error"] == "both have the same figures on every clip"
    assert figures["eval/error"] == pytest.approx(new.result("eval/error"))


def test_what_is_measured_again_is_in_each_file_and_survives_a_second_placing(project):
    again(project)
    model, run = project.model("toy"), next(project.root.glob("runs/toy/*/model")).parent
    for folder in (model, run / "model"):
        content = json.loads((folder / "metrics.json").read_text())
        assert set(content["units"]) == set(content["scale"].values())
        assert "untrained" not in content, "it was measured otherwise"
        table = read_clip_table(folder / "evaluation" / "clips.tsv")
        assert table.figures.keys() == table.units.keys() == {"best/error", "baseline/zero/error"}
    assert (model / "events.jsonl").read_bytes() == (run / "model/events.jsonl").read_bytes()
    assert (run / "events.jsonl").read_text().splitlines()[-1].startswith('{"kind": "measured"')
    shown = json.loads(project.metrics("toy").read_text())
    assert shown["measured"][0]["described"]


def test_other_evaluation_clips_are_refused_and_nothing_changes(project):
    path = project.model("toy") / "evaluation" / "clips.tsv"
    table = read_clip_table(path)
    digests = np.array(table.digests)
    digests[0] ^= 1
    path.unlink()
    write_clip_table(path, evolve(table, digests=digests))
    before = (project.model("toy") / "metrics.json").read_bytes()
    with pytest.raises(UserError, match="not those that toy was measured on"):
        again(project)
    assert (project.model("toy") / "metrics.json").read_bytes() == before


def test_the_new_figure_stands_beside_the_old_one():
    best = RECIPE.training.best
    moved = in_words({best: 7.8425}, {best: 7.851}, RECIPE)
    assert moved.endswith("is 7.8425, measured with the installed versions; it was 7.851 (-0.0085)")
    assert in_words({best: 7.5}, {best: 7.5}, RECIPE).endswith("; it was 7.5: the same")
    assert in_words({best: 7.5}, {}, RECIPE).endswith("; no figure was kept before")
