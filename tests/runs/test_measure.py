import json
import shutil

import numpy as np
import pytest
from attrs import evolve

from engine.cli import main
from engine.errors import UserError
from engine.evaluation.clip_table import read_clip_table, write_clip_table
from engine.evaluation.unit import Unit
from engine.project import Project
from engine.recipe import load_params
from engine.report.paired_runs import compare_runs
from engine.report.run_files import RunFiles
from engine.runs import measure as module
from engine.runs.measure import measure
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
    assert figures.figures["eval/error"] == pytest.approx(new.result("eval/error"))


def test_what_is_measured_again_is_in_each_file_and_survives_a_second_placing(project):
    again(project)
    model, run = project.model("toy"), next(project.root.glob("runs/toy/*/model")).parent
    for folder in (model, run / "model"):
        content = json.loads((folder / "metrics.json").read_text())
        assert set(content["units"]) == set(content["scale"].values())
        assert "untrained" not in content, "nothing says how it was measured"
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


@pytest.fixture
def command(monkeypatch, capsys):
    """`cantus measure toy` in a project; what it prints."""
    monkeypatch.setattr("engine.cli.measure.load_recipe", lambda path, classes: RECIPE)
    monkeypatch.setattr("engine.corpus.corpus.require_ingested", lambda folder: None)
    monkeypatch.setattr(module, "build_system", build_toy)

    def command(project):
        project.recipes.mkdir(exist_ok=True)
        monkeypatch.chdir(project.root)
        with pytest.raises(SystemExit) as left:
            main(("measure", "toy"))
        printed = capsys.readouterr()
        assert left.value.code in (0, None), printed.err
        return printed.out.splitlines()[0]

    return command


@pytest.fixture
def fresh(trained, tmp_path):
    """A project with a finished toy, as this Cantus leaves it."""
    shutil.copytree(trained.root, tmp_path / "fresh")
    return Project(tmp_path / "fresh")


def test_the_command_prints_the_new_figure_beside_the_old_one_and_counts_clips(fresh, command):
    was = files(fresh).result("eval/error")
    assert command(fresh) == (
        f"toy: eval/error is {was:.6g}, measured with the installed versions; it was {was:.6g}: "
        "the same. No figure of its 16 clips changed."
    )
    for model in (fresh.model("toy"), *fresh.root.glob("runs/toy/*/model")):
        moved(model, by=0.25)
    said = command(fresh)
    assert f"; it was {was + 0.25 / 16:.6g} (-0.0156). The figures of 1 of 16 clips" in said
    assert said.endswith("changed, at most by -0.25.")


def moved(model, by):
    """Have the first clip's figure be another, and the figure over all clips with it."""
    content = json.loads((model / "metrics.json").read_text())
    path = model / "evaluation" / "clips.tsv"
    table = read_clip_table(path)
    figures = np.array(table.figures["best/error"])
    figures[0] += by
    content["eval"]["error"] += by / len(figures)
    replace(model / "metrics.json", json.dumps(content))
    path.unlink()
    write_clip_table(path, evolve(table, figures={**table.figures, "best/error": figures}))


def test_a_model_without_a_figure_says_so(project, command):
    path = project.model("toy") / "metrics.json"
    content = json.loads(path.read_text())
    replace(path, json.dumps(content | {"eval": {"error": None}}))
    assert "; no figure was kept before." in command(project)


def test_figures_that_are_not_measured_again_stay_where_their_unit_did(fresh, command):
    before = files(fresh)
    assert {"untrained/error", "best/error"} <= before.tables["clips"].figures.keys()
    assert "Left out" not in command(fresh)
    after = files(fresh)
    assert after.figures == before.figures
    old, new = before.tables["clips"], after.tables["clips"]
    assert (new.figures.keys(), new.units) == (old.figures.keys(), old.units)
    for name, values in old.figures.items():
        assert np.allclose(new.figures[name], values, rtol=1e-8), name


def test_figures_in_another_unit_are_left_out_and_named(fresh, command, monkeypatch):
    def otherwise(recipe, project, params):
        system = build_toy(recipe, project, params)
        system.metric_units = {"error": Unit(definition="toy/error 2")}
        return system

    monkeypatch.setattr(module, "build_system", otherwise)
    said = command(fresh)
    assert "Left out, because they are not measured again and are not known to be in" in said
    assert said.endswith(": untrained/error.")
    after = files(fresh)
    assert after.result("untrained/error") is None
    assert after.tables["clips"].figures.keys() == {"best/error", "baseline/zero/error"}
    assert after.unit("eval/error") == Unit(definition="toy/error 2")
    content = json.loads((fresh.model("toy") / "metrics.json").read_text())
    assert set(content["units"]) == set(content["scale"].values())
