"""Runs whose clips are judged at every evaluation, in processes of their own."""

import json

import numpy as np
import pytest
import torch

from engine.evaluation.clip_table import read_clip_table
from engine.recipe.judgement import Guard, Verdict
from engine.recipe.training import Start
from engine.report.ending import ending_in_words
from engine.tracking.events import read_events
from engine.training.checkpoint import read_checkpoint
from tests.training.judged_toy import BY_WORDS, IDS, WORSE, build_judged
from tests.training.toy import toy_system  # noqa: F401 (the toy is imported where it is trained)
from tests.training.train_toy import finish, start, wait_for_step

JUDGED = {"build": build_judged, "judged": BY_WORDS, "ema_decay": None, "epochs": 4}
BY_JUDGES = JUDGED | {"best": "eval/judged/wer"}


@pytest.fixture(scope="module")
def by_loss(tmp_path_factory):
    """A run of 20 steps, evaluated every 5: the loss falls and words get worse."""
    folder = tmp_path_factory.mktemp("by_loss")
    finish(folder, **JUDGED)
    return folder


@pytest.fixture(scope="module")
def by_judges(tmp_path_factory):
    """The same, but words pick the best."""
    folder = tmp_path_factory.mktemp("by_judges")
    verdict = Verdict(metric="eval/judged/wer", cuts=(0.3,), say=("clear", "unclear"))
    finish(folder, verdict=verdict, **BY_JUDGES)
    return folder


def step_of(folder, name):
    return read_checkpoint(folder / "models/toy/checkpoints" / name).state["step"]


def metrics(folder):
    return json.loads((folder / "metrics/toy.json").read_text())


def finished(folder):
    return next(e for e in read_events(folder / "models/toy/events.jsonl") if e.kind == "finish")


def test_every_evaluation_has_the_judges_figures(by_loss):
    events = [*read_events(by_loss / "models/toy/events.jsonl")]
    found = {e.step: e.metrics for e in events if e.kind == "eval"}
    assert found[0]["untrained/judged/wer"] == pytest.approx(0.1, abs=0.01)
    for step in (5, 10, 15, 20):
        assert found[step]["eval/judged/wer"] == pytest.approx(0.1 + WORSE * step, abs=0.01)


def test_the_loss_picks_the_last_and_words_pick_the_first_and_both_are_kept(by_loss):
    assert (step_of(by_loss, "best"), step_of(by_loss, "best_by_judges")) == (20, 5)
    assert not (by_loss / "models/toy/checkpoints/best_by_loss").exists()


def test_where_they_part_the_run_says_so_on_the_console_in_events_and_at_its_end(by_loss):
    said = (by_loss / "said").read_text()
    assert "Loss and judges disagree. Step 20 against step 5: eval/error -" in said
    assert "but eval/judged/wer +0.30" in said
    facts = finished(by_loss).facts["parting"]
    assert (facts["by_loss"], facts["by_judges"]) == (20, 5)
    told = ending_in_words(by_loss / "models/toy")
    assert facts["message"] in told
    assert "best (step 20)" in told
    assert "best_by_judges (step 5)" in told


def test_each_judged_clip_has_its_figures_in_a_table(by_loss):
    table = read_clip_table(by_loss / "models/toy/evaluation/judged.tsv")
    assert table.ids == IDS
    assert {*table.figures} == {f"{w}/judged/wer" for w in ("untrained", "best", "best_by_judges")}
    assert np.allclose(table.figures["best/judged/wer"], 0.5, atol=0.01)
    clips = read_clip_table(by_loss / "models/toy/evaluation/clips.tsv").figures
    assert not [name for name in clips if "judged" in name]


def test_judges_can_pick_the_best_by_differences_clip_by_clip_and_make_the_verdict(by_judges):
    assert (step_of(by_judges, "best"), step_of(by_judges, "best_by_loss")) == (5, 20)
    assert metrics(by_judges)["step"] == 5
    assert finished(by_judges).facts["verdict"]["say"] == "clear"
    said = (by_judges / "said").read_text()
    assert "eval/judged/wer against step 5: +0.1" in said
    assert "8 clips): worse" in said
    assert "Loss and judges disagree" in said


def test_what_is_exported_are_the_weights_that_the_judge_likes_best(by_judges):
    exported = torch.load(by_judges / "models/toy/export/weights.pth", weights_only=True)
    best = read_checkpoint(by_judges / "models/toy/checkpoints/best").weights
    assert all(torch.equal(best[f"network.{name}"], value) for name, value in exported.items())


def test_a_phase_can_begin_with_the_best_by_the_other(by_judges):
    phase = Start(from_="toy", pick="best_by_loss")
    finish(by_judges, name="on", start=phase, **(BY_JUDGES | {"epochs": 1}))
    assert (
        "the run begins with step 20 of toy, whose best was step 5"
        in (by_judges / "said").read_text()
    )


def test_a_guard_can_stop_a_run_by_a_judges_figure(tmp_path):
    guard = {"eval/judged/wer": (Guard(below=0.25),)}
    process = start(tmp_path, guard=guard, **JUDGED)
    process.join(60)
    assert process.exitcode == 1
    assert "guard at step 10: eval/judged/wer is 0.299" in (tmp_path / "said").read_text()


def test_judges_change_nothing_that_is_learned(by_loss, tmp_path):
    finish(tmp_path, ema_decay=None, epochs=4)
    ours, theirs = (
        read_checkpoint(folder / "models/toy/checkpoints/last") for folder in (by_loss, tmp_path)
    )
    assert ours.weights.keys() == theirs.weights.keys()
    assert all(torch.equal(value, theirs.weights[name]) for name, value in ours.weights.items())
    assert torch.equal(ours.optimizers["random"][0]["cpu"], theirs.optimizers["random"][0]["cpu"])


@pytest.mark.parametrize("settings", [JUDGED, BY_JUDGES], ids=["by_loss", "by_judges"])
def test_a_run_that_is_killed_and_goes_on_leaves_the_same_bit_for_bit(request, tmp_path, settings):
    whole = request.getfixturevalue("by_judges" if "best" in settings else "by_loss")
    process = start(tmp_path, seconds=0.05, **settings)
    wait_for_step(tmp_path, 13)
    process.kill()
    process.join()
    finish(tmp_path, **settings)
    assert "resumed at step" in (tmp_path / "said").read_text()
    names = {path.name for path in (whole / "models/toy/checkpoints").iterdir()}
    assert names == {path.name for path in (tmp_path / "models/toy/checkpoints").iterdir()}
    for name in names:
        ours, theirs = (
            read_checkpoint(f / "models/toy/checkpoints" / name).weights for f in (whole, tmp_path)
        )
        assert all(torch.equal(value, theirs[key]) for key, value in ours.items())
    for file in ("evaluation/judged.tsv", "evaluation/clips.tsv"):
        assert (whole / "models/toy" / file).read_text() == (
            tmp_path / "models/toy" / file
        ).read_text()
    assert metrics(whole) == metrics(tmp_path)


def test_without_judges_there_is_no_second_best(tmp_path):
    finish(tmp_path, epochs=1)
    kept = {path.name for path in (tmp_path / "models/toy/checkpoints").iterdir()}
    assert kept == {"best", "last"}
    assert not (tmp_path / "models/toy/evaluation/judged.tsv").exists()
