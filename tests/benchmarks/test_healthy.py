"""Healthy runs: their catalogue, what is counted, and one of them."""

from importlib import import_module
from pathlib import Path

import pytest
from attrs import evolve

from benchmarks.healthy.catalogue import healthy_runs
from benchmarks.healthy.findings import findings_of
from benchmarks.healthy.piece import train
from benchmarks.healthy.project import open_project
from benchmarks.healthy.summary import share
from engine.recipe import load_recipe
from engine.system_support.discovery import recipe_classes
from engine.tracking.events import Event
from tests.run_folders import GUARD, make_run, start

SMALL = (
    "training.batch_size=4",
    "dataset.num_eval_clips=8",
    "dataset.num_train_clips=24",
    "schedule.autoencoder.warmup_steps=0",
)
ROOT = Path(__file__).parents[2]
FINISH = Event("finish", 5, facts={"expectations": [{"name": "eval/m", "met": False}]})


def test_there_are_enough_runs_of_every_kind_with_names_of_their_own():
    runs = healthy_runs()
    assert len(runs) >= 60
    assert len({run.name for run in runs}) == len(runs)
    assert {"seed", "corpus", "size", "batch", "rate", "resumed", "phase"} <= {
        run.kind for run in runs
    }


@pytest.mark.parametrize(
    "run", [one for one in healthy_runs() if one.seed == 1], ids=lambda r: r.name
)
def test_every_run_is_a_valid_recipe(run):
    demo = ROOT / "recipes" / "demo" / f"{run.recipe}.toml"
    load_recipe(demo, classes=recipe_classes(), overrides=run.values)


def test_what_a_run_needs_is_in_the_catalogue():
    names = {run.name for run in healthy_runs()}
    assert all(names.issuperset(run.needs) for run in healthy_runs())


def test_a_guard_that_warns_is_a_false_warning_and_a_true_remark_is_none(tmp_path):
    remark = "the evaluation set has 8 clips: fewer than 30 clips show only large differences"
    warned = Event("warning", 0, facts={"message": remark})
    odd = Event("warning", 0, facts={"message": "the loss looks odd"})
    folder = make_run(
        tmp_path / "run", [start("words"), warned, odd, Event("guard", 4, facts=GUARD), FINISH]
    )
    found = findings_of(folder)
    assert found["ending"] == "finished"
    assert found["warnings"] == ["eval/perplexity", "the loss looks odd"]
    assert found["remarks"] == [remark]
    assert found["missed"] == ["eval/m"]


def test_a_failed_check_is_a_false_stop(tmp_path):
    checks = [{"name": "gradients", "ok": False, "detail": ""}]
    stop = Event("stop", 0, facts={"reason": "preflight", "message": ""})
    events = [start("words"), Event("preflight", 0, facts={"checks": checks}), stop]
    found = findings_of(make_run(tmp_path / "run", events))
    assert (found["ending"], found["stops"]) == ("preflight", ["gradients"])


def test_a_run_is_trained_by_the_command_line_interrupted_and_resumed(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.healthy.project._NUM_WORDS", 48)
    for module in ("engine.runs.run", "engine.systems.vqvae.system"):
        import_module(module)  # forks need not import torch again
    project = open_project(tmp_path / "project", recordings=None)
    run = next(one for one in healthy_runs() if one.name == "vae_plus_gliding_1")
    short = ("training.steps=6", "training.log_every_steps=2", "training.evaluate_every='step:6'")
    run = evolve(run, values=(*run.values, *short, *SMALL), stop_at=2)
    row = train(run, project, tmp_path / "keep")
    assert row["exit_codes"] == [143, 0]
    assert (row["ending"], row["steps"]) == ("finished", 6)
    assert row["stops"] == row["warnings"] == []
    assert (tmp_path / "keep" / "events" / run.name / "events.jsonl").is_file()


def test_shares_have_exact_intervals():
    assert share(0, 60) == "0 of 60 (95 % CI 0.0 to 6.0 %)"
    assert share(2, 60).startswith("2 of 60 (95 % CI 0.4 to 11.5")
