"""Phases in processes of their own: what they are evaluated on, and what became of the parent."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from engine.errors import UserError
from engine.evaluation.clip_table import read_clip_table
from engine.evaluation.digests import keys
from engine.evaluation.lineage import read_ancestors
from engine.project import Project
from engine.recipe.judgement import Guard, Verdict
from engine.recipe.optimizers import Adam, Constant
from engine.recipe.training import Start
from engine.report.ending import ending_in_words
from engine.runs.initial_weights import remark_on_pick
from engine.tracking.events import read_events
from engine.training.checkpoint import read_checkpoint
from tests.training.toy import ToyDataset, build_toy, toy_recipe
from tests.training.train_toy import finish, start, wait_for_step

POOL = ToyDataset(corpus="made up", num_clips=100)
FAST = Adam(learning_rate=0.03)
PHASE = Start(from_="toy")


def refused(folder, **settings):
    process = start(folder, **settings)
    process.join(60)
    assert process.exitcode == 2
    return (folder / "error").read_text()


def evaluated(folder, name):
    return read_clip_table(Project(folder).evaluation_clips(name))


def metrics(folder, name):
    return json.loads((Project(folder).model(name) / "metrics.json").read_text())


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A project in which `toy` was trained on a corpus of 100 clips, by its own small split."""
    folder = tmp_path_factory.mktemp("base")
    finish(folder, dataset=ToyDataset(corpus="made up", num_clips=100, eval_share=0.1))
    return folder


def test_a_model_says_what_it_was_trained_and_evaluated_on_and_its_figures_on_each(base):
    table = evaluated(base, "toy")
    assert set(table.figures) == {"untrained/error", "best/error", "baseline/zero/error"}
    assert table.figures["best/error"].mean() == pytest.approx(
        metrics(base, "toy")["eval"]["error"]
    )
    trained = read_ancestors(base / "models/toy")["toy"].digests
    assert len(trained) + len(table.ids) == 100
    assert not set(keys(trained)) & set(keys(table.digests))


def test_a_phase_is_evaluated_on_its_parents_clips_whatever_its_own_split_says(base):
    finish(base, name="child", start=PHASE, dataset=POOL, epochs=1)
    assert evaluated(base, "child").ids == evaluated(base, "toy").ids
    assert metrics(base, "child")["evaluation_set"] == metrics(base, "toy")["evaluation_set"]
    assert metrics(base, "child")["parent"]["error"] == metrics(base, "toy")["eval"]["error"]
    assert np.allclose(
        evaluated(base, "child").figures["parent/error"],
        evaluated(base, "toy").figures["best/error"],
    )
    assert set(read_ancestors(base / "models/child")) == {"toy", "child"}


@pytest.mark.parametrize(
    ("carry", "decay", "said"),
    [
        (("weights",), 0.9, "(the averaged weights, which it was evaluated with)"),
        (("weights",), None, "(the averaged weights, which it was evaluated with)"),
        (("weights", "optimizer"), 0.9, "(the live weights, and their average as the average)"),
        (("weights", "optimizer"), None, "(the live weights, not the average"),
    ],
)
def test_a_phase_begins_with_the_weights_that_the_last_evaluation_was_made_with(
    base, tmp_path, carry, decay, said
):
    shutil.copytree(base / "models/toy", tmp_path / "models/toy")
    phase = Start(from_="toy", pick="last", carry=carry)
    finish(tmp_path, name="on", start=phase, dataset=POOL, epochs=1, ema_decay=decay)
    last = [e for e in read_events(base / "models/toy/events.jsonl") if e.kind == "eval"][-1]
    same = metrics(tmp_path, "on")["parent"]["error"] == last.metrics["eval/error"]
    assert same == ("not the average" not in said)
    assert said in (tmp_path / "said").read_text()


def test_the_first_authors_mistake_is_refused_before_step_1(base):
    own = Start(from_="toy", evaluation="own")
    said = refused(base, name="larger", start=own, dataset=POOL)
    assert "evaluation clips were trained on by toy (first: clip" in said
    assert "its figures would measure memorization, not skill" in said
    (log,) = base.glob("runs/larger/*/events.jsonl")
    assert not any(event.kind == "train" for event in read_events(log))


def test_a_grandparents_training_clips_are_refused_too(base):
    half = ToyDataset(corpus="made up", num_clips=60, first=100)
    finish(base, name="middle", start=PHASE, dataset=half, optimizer=FAST, epochs=1)
    own = Start(from_="middle", evaluation="own")
    assert "trained on by toy" in refused(base, name="last", start=own, dataset=POOL)


def test_a_phase_that_never_beats_its_parent_keeps_the_parents_weights_and_says_so(base):
    eight = ToyDataset(corpus="made up", num_clips=100, num_train_clips=8)  # learned by heart
    finish(base, name="worse", start=PHASE, dataset=eight, optimizer=FAST, epochs=12)
    assert metrics(base, "worse")["step"] == 0
    assert metrics(base, "worse")["eval"]["error"] == metrics(base, "toy")["eval"]["error"]
    exported = base / "models/worse/export/weights.pth"
    assert exported.read_bytes() == (base / "models/toy/export/weights.pth").read_bytes()
    said = ending_in_words(base / "models/worse")
    assert "No evaluation beat the parent, toy" in said
    assert "95 % CI" in said
    assert "the weights of toy itself are kept" in said
    assert "No evaluation beat the parent" in (base / "models/worse/report.html").read_text()


def test_a_phase_that_beats_its_parent_says_by_how_much_and_how_sure_that_is(base):
    finish(base, name="young", dataset=POOL, epochs=1)
    finish(base, name="better", start=Start(from_="young"), dataset=POOL, epochs=12)
    said = ending_in_words(base / "models/better")
    assert "eval/error against young: -" in said
    assert "): better" in said


def test_few_evaluation_clips_are_warned_of(base):
    events = list(read_events(base / "models/toy/events.jsonl"))
    (warning,) = [event for event in events if event.kind == "warning"]
    assert "fewer than 30 clips show only large differences" in warning.facts["message"]


def test_a_single_evaluation_clip_is_warned_of_as_what_nothing_can_be_compared_by(base):
    one = ToyDataset(corpus="made up", num_clips=100, num_eval_clips=1)
    finish(base, name="single", dataset=one, epochs=1)
    events = read_events(base / "models/single/events.jsonl")
    said = [event.facts["message"] for event in events if event.kind == "warning"]
    assert any(
        "the evaluation set is a single clip: its figures have no interval" in m for m in said
    )


def test_a_killed_phase_goes_on_with_every_figure_it_had(base, tmp_path):
    slow = Guard(plateau_steps=40, action="warn")
    settings = {"name": "cut", "start": PHASE, "dataset": POOL, "guard": {"eval/error": (slow,)}}
    tables = []
    for folder in (tmp_path / "undisturbed", tmp_path / "killed"):
        shutil.copytree(base / "models/toy", folder / "models/toy")
        if folder.name == "killed":
            process = start(folder, seconds=0.05, **settings)
            wait_for_step(folder, 40)
            process.kill()
            process.join()
        finish(folder, **settings)
        tables.append(Project(folder).evaluation_clips("cut").read_bytes())
        differences = [
            event.facts.get("difference")
            for event in read_events(folder / "models/cut/events.jsonl")
            if event.kind in ("eval", "guard")
        ]
        tables.append(json.dumps(differences).encode())
    assert tables[:2] == tables[2:]


def test_what_stands_against_a_verdict_is_that_of_the_moment_in_which_it_is_shown(tmp_path):
    verdict = Verdict(metric="eval/error", cuts=(0.0,), keep=("other",) * 2, say=("a", "b"))
    settings = {"name": "one", "dataset": POOL, "epochs": 1, "verdict": verdict}
    finish(tmp_path, **settings)
    other = tmp_path / "metrics/other.json"
    for content, stands in (
        ({"evaluation_set": "of others"}, True),
        ({"evaluation_set": metrics(tmp_path, "one")["evaluation_set"]}, False),
        ({}, True),
    ):
        other.write_text(json.dumps(content))
        finish(tmp_path, **settings)
        said = (tmp_path / "said").read_text().splitlines()[-1]
        assert said.startswith("already trained")
        assert ("The present figures of other are not of these" in said) == stands
    assert "remark" not in json.loads((tmp_path / "models/one/verdict.json").read_text())


def test_published_weights_are_evaluated_first_and_learned_on_from(base):
    shutil.copy(base / "models/toy/export/weights.pth", base / "published.pth")
    finish(base, name="tuned", start=Start(weights="published.pth"), dataset=POOL, epochs=1)
    table = evaluated(base, "tuned")
    system = build_toy(toy_recipe(dataset=POOL), Project(base), SimpleNamespace(seed=1))
    system.load_published(base / "published.pth")
    system.module.eval()
    assert table.ids == tuple(system.eval_clips.ids)
    error = system.evaluate().metrics["eval/error"]
    assert metrics(base, "tuned")["parent"]["error"] == pytest.approx(error)
    run = next((base / "runs/tuned").glob("*/events.jsonl"), None)
    events = list(read_events(run or base / "models/tuned/events.jsonl"))
    assert any("it is unknown whether" in e.facts["message"] for e in events if e.kind == "warning")


def test_other_published_weights_are_another_run_and_missing_ones_are_named(base):
    torch.save({"wrong": torch.zeros(1)}, base / "other.pth")
    start = Start(weights="other.pth")
    said = refused(base, name="tuned", start=start, dataset=POOL, epochs=1)
    assert "other.pth does not fit" in said
    said = refused(base, name="tuned", start=Start(weights="gone.pth"), dataset=POOL, epochs=1)
    assert "The recipe starts from 'gone.pth'" in said


EVERYTHING = ("weights", "optimizer", "schedule", "rng", "data")


def test_a_phase_that_carries_everything_learns_what_one_undisturbed_run_learns(tmp_path):
    warm = {"denoiser": Constant(warmup_steps=9)}
    for name in ("whole", "halves"):
        (tmp_path / name).mkdir()
    finish(tmp_path / "whole", dataset=POOL, epochs=4, schedule=warm)
    finish(tmp_path / "halves", dataset=POOL, epochs=2, schedule=warm)
    on = Start(from_="toy", pick="last", carry=EVERYTHING)
    finish(tmp_path / "halves", name="on", start=on, dataset=POOL, epochs=2, schedule=warm)
    whole = read_checkpoint(tmp_path / "whole/models/toy/checkpoints/last")
    halves = read_checkpoint(tmp_path / "halves/models/on/checkpoints/last")
    assert all(torch.equal(whole.weights[n], halves.weights[n]) for n in whole.weights)
    assert all(torch.equal(whole.average[n], halves.average[n]) for n in whole.average)
    assert halves.state["schedule_step"] == halves.state["data_step"] == whole.state["step"]


def test_an_interrupted_phase_that_carries_everything_resumes_to_the_same_weights(base, tmp_path):
    on = Start(from_="toy", pick="last", carry=EVERYTHING)
    for name in ("whole", "stopped"):
        shutil.copytree(base / "models/toy", tmp_path / name / "models/toy")
    settings = {"name": "on", "start": on, "dataset": POOL, "epochs": 2}
    finish(tmp_path / "whole", **settings)
    process = start(tmp_path / "stopped", seconds=0.05, **settings)
    wait_for_step(tmp_path / "stopped", 4)
    process.kill()
    process.join()
    finish(tmp_path / "stopped", **settings)
    whole, stopped = (
        read_checkpoint(tmp_path / name / "models/on/checkpoints/last")
        for name in ("whole", "stopped")
    )
    assert all(torch.equal(whole.weights[n], stopped.weights[n]) for n in whole.weights)


def test_what_was_carried_and_what_was_not_is_said_and_the_recipes_learning_rate_wins(
    base, tmp_path
):
    shutil.copytree(base / "models/toy", tmp_path / "models/toy")
    on = Start(from_="toy", pick="last", carry=("weights", "optimizer", "data"))
    finish(tmp_path, name="on", start=on, dataset=POOL, epochs=1, optimizer=FAST)
    said = (tmp_path / "said").read_text()
    step = read_checkpoint(base / "models/toy/checkpoints/last").state["step"]
    assert f"carried over weights and optimizer and data from step {step} on" in said
    assert "reset: step count, schedule, rng; learning rate of denoiser 0.01 -> 0.03" in said
    rates = {
        event.metrics["train/learning_rate/denoiser"]
        for event in read_events(tmp_path / "models/on/events.jsonl")
        if event.kind == "train"
    }
    assert rates == {0.03}


def test_a_place_in_another_order_of_clips_and_generators_that_were_not_kept_are_refused(
    base, tmp_path
):
    shutil.copytree(base / "models/toy", tmp_path / "models/toy")
    fewer = ToyDataset(corpus="made up", num_clips=100, num_train_clips=8)
    on = Start(from_="toy", pick="last", carry=("weights", "data"))
    assert "steps an epoch" in refused(tmp_path, name="on", start=on, dataset=fewer)
    kept = Start(from_="toy", pick="best", carry=("weights", "rng"))
    assert "Set start.pick = 'last'" in refused(tmp_path, name="kept", start=kept, dataset=POOL)


def test_a_phase_that_does_not_begin_with_its_parents_best_is_told_so(base, tmp_path):
    shutil.copytree(base / "models/toy", tmp_path / "models/toy")
    last, best = (
        read_checkpoint(base / f"models/toy/checkpoints/{name}").state["step"]
        for name in ("last", "best")
    )
    finish(tmp_path, name="late", start=Start(from_="toy", pick="last"), dataset=POOL, epochs=1)
    finish(tmp_path, name="best", start=Start(from_="toy"), dataset=POOL, epochs=1)
    remark = f"begins with step {last} of toy, whose best was step {best}"
    said = (tmp_path / "said").read_text()
    assert said.count("whose best was") == (last != best)
    assert (remark in said) == (last != best)


def test_a_guard_that_the_parents_weights_violate_is_foretold_before_step_1(base, tmp_path):
    shutil.copytree(base / "models/toy", tmp_path / "models/toy")
    guard = {"eval/error": (Guard(below=0.0, action="warn"),)}
    finish(tmp_path, name="watched", start=PHASE, dataset=POOL, epochs=1, guard=guard)
    events = list(read_events(tmp_path / "models/watched/events.jsonl"))
    told = [e for e in events if e.kind == "warning" and "already violate" in e.facts["message"]]
    assert [event.step for event in told] == [0]
    assert "eval/error is" in told[0].facts["message"]
    assert "will warn at the first evaluation unless" in told[0].facts["message"]


def test_a_step_that_was_not_kept_is_refused_by_the_plan_too_with_those_that_were(base, tmp_path):
    shutil.copytree(base / "models/toy", tmp_path / "models/toy")
    cases = (("toy", "step:1500", "it has: best, last"), ("nobody", "best", "dvc repro nobody"))
    for name, pick, said in cases:
        with pytest.raises(UserError, match=said):
            remark_on_pick(Start(from_=name, pick=pick), Project(tmp_path))
