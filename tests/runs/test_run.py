"""Whole runs, in processes of their own that are killed, interrupted and started again."""

import json

import pytest
import torch
from safetensors.torch import load_file

from engine.evaluation.clip_table import read_clip_table
from engine.recipe.judgement import Guard
from engine.recipe.training import Start
from engine.tracking.events import read_events
from tests.training.train_toy import finish, start, wait_for_step


def weights(folder):
    return load_file(folder / "models/toy/checkpoints/last/weights.safetensors")


def same(a, b):
    return a.keys() == b.keys() and all((a[name] == b[name]).all() for name in a)


def events(folder):
    return list(read_events(folder / "models/toy/events.jsonl"))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    finish(folder)
    return folder


def test_a_finished_run_leaves_model_metrics_curves_and_report(undisturbed):
    model = undisturbed / "models/toy"
    names = {path.name for path in model.iterdir()}
    assert names >= {"checkpoints", "export", "events.jsonl", "recipe.toml", "report.html"}
    assert {path.name for path in (model / "checkpoints").iterdir()} == {"best", "last"}
    metrics = json.loads((undisturbed / "models/toy/metrics.json").read_text())
    assert metrics["evaluation_set"] == "toy evaluation set"
    (digest,) = metrics["units"]
    assert metrics["scale"] == {"error": digest}
    assert metrics["units"][digest] == {"definition": "toy/error 1"}
    table = read_clip_table(model / "evaluation" / "clips.tsv")
    assert set(table.units.values()) == {digest}
    assert metrics["eval"]["error"] < metrics["untrained"]["error"]
    assert (undisturbed / "plots/toy/train.csv").read_text().count("\n") == 31


def test_the_metrics_are_those_of_the_best_evaluation(undisturbed):
    metrics = json.loads((undisturbed / "models/toy/metrics.json").read_text())
    evaluations = [e for e in events(undisturbed) if "eval/error" in e.metrics and e.kind == "eval"]
    best = min(evaluations, key=lambda event: event.metrics["eval/error"])
    assert metrics["eval"]["error"] == best.metrics["eval/error"]
    assert metrics["step"] == best.step


def test_two_runs_of_the_same_recipe_and_seed_are_identical(undisturbed, tmp_path):
    finish(tmp_path)
    assert same(weights(undisturbed), weights(tmp_path))
    first, second = (p / "models/toy/metrics.json" for p in (undisturbed, tmp_path))
    assert first.read_bytes() == second.read_bytes()


def test_two_turns_resume_to_the_same_weights_too(tmp_path):
    (tmp_path / "whole").mkdir()
    (tmp_path / "cut").mkdir()
    finish(tmp_path / "whole", adversary=True)
    process = start(tmp_path / "cut", seconds=0.05, adversary=True)
    wait_for_step(tmp_path / "cut", 8)
    process.kill()
    process.join()
    finish(tmp_path / "cut", adversary=True)
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "cut"))


def test_a_second_engine_in_the_same_run_leaves_with_a_sentence(tmp_path):
    first = start(tmp_path, seconds=5.0)
    wait_for_step(tmp_path, 1)
    second = start(tmp_path)
    second.join(60)
    assert second.exitcode == 2
    assert "already training" in (tmp_path / "error").read_text()
    first.kill()
    first.join()


def test_samples_and_export_of_averaged_weights_are_of_the_same_weights(undisturbed):
    exported = torch.load(undisturbed / "models/toy/export/weights.pth", weights_only=True)
    sampled = torch.load(undisturbed / "models/toy/samples/final/weights.pth", weights_only=True)
    assert same(exported, sampled)


def test_a_run_that_is_not_continued_is_named(tmp_path):
    process = start(tmp_path, seconds=0.05)
    wait_for_step(tmp_path, 5)
    process.kill()
    process.join()
    finish(tmp_path, batch_size=4)
    assert "is not resumed" in (tmp_path / "said").read_text()


def test_training_again_after_the_end_trains_only_where_it_is_wished(tmp_path):
    finish(tmp_path, epochs=1)
    first = (tmp_path / "models/toy/events.jsonl").read_text()
    finish(tmp_path, epochs=1)
    assert (tmp_path / "models/toy/events.jsonl").read_text() == first
    finish(tmp_path, epochs=1, again=True)
    assert (tmp_path / "models/toy/events.jsonl").read_text() != first
    assert sum(event.kind == "start" for event in events(tmp_path)) == 1


def test_a_damaged_newest_checkpoint_falls_back_to_the_one_before(undisturbed, tmp_path):
    process = start(tmp_path, seconds=0.05)
    wait_for_step(tmp_path, 10)
    process.kill()
    process.join()
    newest = sorted(tmp_path.glob("runs/toy/*/checkpoints/step_*"))[-1]
    with (newest / "weights.safetensors").open("r+b") as file:
        file.truncate(100)
    finish(tmp_path)
    assert same(weights(undisturbed), weights(tmp_path))


def test_a_guard_that_stops_leaves_no_model_and_says_why(tmp_path):
    guard = {"eval/error": (Guard(above=100.0, because="a test"),)}
    process = start(tmp_path, guard=guard)
    process.join(60)
    assert process.exitcode == 1
    assert not (tmp_path / "models").exists()
    (log,) = tmp_path.glob("runs/toy/*/events.jsonl")
    kinds = [event.kind for event in read_events(log)]
    assert kinds[-2:] == ["guard", "stop"]


def test_a_guard_that_only_warns_lets_the_run_finish(tmp_path):
    guard = {"eval/error": (Guard(above=100.0, action="warn"),)}
    finish(tmp_path, guard=guard, epochs=2)
    assert sum(event.kind == "guard" for event in events(tmp_path)) == 2


def test_a_phase_starts_from_its_parents_weights_and_evaluates_them_first(tmp_path):
    finish(tmp_path, keep_every="step:5")
    parent = json.loads((tmp_path / "models/toy/metrics.json").read_text())
    finish(tmp_path, name="child", start=Start(from_="toy", pick="best"), epochs=1)
    child = json.loads((tmp_path / "models/child/metrics.json").read_text())
    assert child["parent"]["error"] == parent["eval"]["error"]
    finish(tmp_path, name="other", start=Start(from_="toy", pick="step:10"), epochs=1)


def test_a_step_that_was_not_kept_is_refused_naming_those_that_were(tmp_path):
    finish(tmp_path, keep_every="step:5", epochs=2)
    process = start(tmp_path, name="child", start=Start(from_="toy", pick="step:7"))
    process.join(60)
    assert process.exitcode == 2
    assert "step:5" in (tmp_path / "error").read_text()


def test_a_parent_that_was_never_trained_is_refused_with_the_command(tmp_path):
    process = start(tmp_path, name="child", start=Start(from_="toy"))
    process.join(60)
    assert "dvc repro toy" in (tmp_path / "error").read_text()


def test_weights_of_another_architecture_are_refused_naming_the_difference(tmp_path):
    finish(tmp_path, epochs=1)
    process = start(tmp_path, name="child", start=Start(from_="toy"), adversary=True)
    process.join(60)
    assert "critic.bias" in (tmp_path / "error").read_text()


def test_the_optimizers_state_is_carried_from_last_and_missed_in_best(tmp_path):
    finish(tmp_path, epochs=2)
    carry = ("weights", "optimizer")
    finish(tmp_path, name="a", start=Start(from_="toy", pick="last", carry=carry), epochs=1)
    process = start(tmp_path, name="b", start=Start(from_="toy", pick="best", carry=carry))
    process.join(60)
    assert "Set start.pick = 'last'" in (tmp_path / "error").read_text()


def test_a_run_of_other_values_writes_down_of_which_recipe_it_is_and_its_command(tmp_path):
    command = "cantus train base -S training.epochs=1"
    variant = {"of": "base", "overrides": ["training.epochs=1"], "command": command}
    for _ in range(2):
        finish(tmp_path, epochs=1, name="base+3f9c2a", variant=variant)
    about = json.loads((tmp_path / "models/base+3f9c2a/run.json").read_text())
    facts = next(iter(read_events(tmp_path / "models/base+3f9c2a/events.jsonl"))).facts
    for told in (about, facts):
        assert {key: told[key] for key in variant} == variant
    assert f"To train from the start: {command} --again" in (tmp_path / "said").read_text()
