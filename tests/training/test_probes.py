"""What a system asks of its own weights: before step 1, at step 50 and after the last step."""

from functools import partial
from types import SimpleNamespace

import pytest
import torch
from attrs import evolve

from engine.errors import UserError
from engine.project import Project
from engine.recipe.params import Hardware, Params, Tracking
from engine.report.ending import ending_in_words
from engine.report.history import History
from engine.runs.run import Run
from engine.tracking.events import read_events
from engine.training.checkpoint import read_checkpoint
from engine.training.checks import Check
from engine.training.probes import ASKED_AGAIN_AT
from tests.systems.stops_at import StopsAt
from tests.training.toy import build_toy, toy_recipe
from tests.training.train_ranks import last_stop, start_ranks

ANSWERS = {0: None, ASKED_AGAIN_AT: True}


def build_asking(answers, log, recipe, project, params):
    """A toy with one probe that the weights answer so, by finished steps: None for all others."""

    def probe(batch, step):
        assert not torch.is_grad_enabled()
        assert not system.module.training
        log.append((step, len(batch["noisy"]), float(torch.rand(()))))
        return [Check("order", answers.get(step), f"asked at {step}"), Check("known", True, "")]

    system = build_toy(recipe, project, params)
    system.preflight = evolve(system.preflight, probes=(probe,))
    return system


@pytest.fixture
def train(tmp_path, monkeypatch):
    """Trains a toy of 60 steps whose probe answers so; what was asked, done and said."""
    monkeypatch.setattr("engine.runs.finish.build_report", lambda *_: None)

    def run(answers, stop_at=None, place="project", steps=60, build=build_asking):
        root = tmp_path / place
        root.mkdir(exist_ok=True)
        (root / "params.toml").write_text("seed = 1\n")
        recipe = toy_recipe(steps=steps, checkpoint_every="step:20", log_every_steps=1)
        params = Params(
            seed=1,
            profile="full",
            corpora={},
            hardware=Hardware(device="cpu", num_threads=1),
            tracking=Tracking(mirrors=()),
        )
        log, watcher = [], StopsAt(stop_at)
        try:
            build = partial(build, answers, log)
            Run(recipe, Project(root), params, build, watcher).train()
            error = None
        except UserError as caught:
            error = str(caught)
        return SimpleNamespace(root=root, asked=[one[0] for one in log], log=log,
                               said=watcher.said, error=error)  # fmt: skip

    return run


def folder_of(root):
    (path,) = root.glob("runs/toy/*/events.jsonl")
    return path.parent


def checks_of(root):
    return [
        (event.step, check["name"], check["ok"])
        for event in read_events(folder_of(root) / "events.jsonl")
        if event.kind == "preflight"
        for check in event.facts["checks"]
        if check["name"] in ("order", "known")
    ]


def test_what_the_first_weights_cannot_tell_is_asked_once_more_at_step_50(train):
    run = train(ANSWERS)
    assert run.asked == [0, 50]
    assert checks_of(run.root) == [(0, "order", None), (0, "known", True), (50, "order", True)]
    (said,) = (one for one in run.said if "checks passed" in one)
    assert "undecided with the initial weights: order (checked again at step 50 " in said
    assert run.error is None


def test_what_is_told_before_step_1_is_not_asked_again(train):
    assert train({0: True}).asked == [0]


def test_a_failure_at_step_50_ends_the_run_with_its_sentence(train):
    run = train({0: None, 50: False})
    assert run.error == "Preflight of toy failed at step 50. order: asked at 50."
    folder = folder_of(run.root)
    assert History.of(folder).ending.facts["reason"] == "preflight"
    assert ending_in_words(folder) == (
        "toy was stopped at step 50 by a preflight check that was repeated. order: asked at 50"
    )
    again = train({0: None, 50: False})
    assert again.asked == [50], "it goes on from the checkpoint at step 40"
    assert again.error == run.error


def test_a_failure_before_step_1_trains_nothing(train):
    run = train({0: False})
    assert run.error == "Preflight of toy failed before step 1. order: asked at 0."
    assert not list(run.root.glob("runs/toy/*/checkpoints/*"))


def test_what_no_weights_can_tell_stays_undecided_at_the_end_and_accuses_nobody(train):
    run = train({})
    assert run.asked == [0, 50, 60]
    assert run.error is None
    assert checks_of(run.root)[-1] == (60, "order", None)
    assert "warning: order" not in run.said


def test_a_failure_after_the_last_step_is_a_warning_for_the_model_is_there(train):
    run = train({20: False}, steps=20)
    assert run.asked == [0, 20]
    assert "warning: order: asked at 20" in run.said
    assert (run.root / "models/toy").is_dir()


@pytest.mark.parametrize(("stop_at", "asked"), [(30, [50]), (50, []), (55, [])])
def test_a_resumed_run_asks_what_is_open_and_nothing_twice(train, stop_at, asked):
    train(ANSWERS, stop_at)
    run = train(ANSWERS)
    assert f"resumed at step {stop_at}" in run.said
    assert run.asked == asked
    assert checks_of(run.root)[-1] == (50, "order", True)


def test_a_resumed_run_remembers_until_the_end_what_could_not_be_told(train):
    train({}, 55)
    assert train({}).asked == [60]


def test_asking_leaves_no_trace_in_what_is_learned(train):
    plain = train({}, place="plain", build=lambda _answers, _log, *given: build_toy(*given))
    asking = train(ANSWERS, place="asking")
    one, other = (
        read_checkpoint(run.root / "models/toy/checkpoints/last").weights for run in (plain, asking)
    )
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_what_was_asked_again_is_told_as_it_was_found_last(train):
    folder = folder_of(train(ANSWERS).root)
    found = {check["name"]: check["ok"] for check in History.of(folder).checks}
    assert found["order"] is True
    assert {"gradients", "known"} <= found.keys()


@pytest.mark.parametrize("strategy", ["replicate", "shard"])
def test_the_first_of_several_processes_looks_at_whole_weights_and_all_end_alike(
    tmp_path, strategy
):
    processes = start_ranks(tmp_path, build=build_looking, strategy=strategy, epochs=12)
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [2, 2]
    assert "failed at step 50. order: whole" in (tmp_path / "error").read_text()
    assert last_stop(tmp_path) == "preflight"


def build_looking(recipe, project, params):
    """A probe that computes, which cannot tell at first, and fails with whole weights later."""
    system = build_toy(recipe, project, params)
    first = {name: one.detach().clone() for name, one in system.module.named_parameters()}

    def probe(batch, step):
        system.module.denoiser(batch)
        present = dict(system.module.named_parameters())
        moved = all(not torch.equal(present[name], first[name]) for name in first)
        assert moved == bool(step)
        return [Check("order", False if step else None, "whole")]

    system.preflight = evolve(system.preflight, probes=(probe,))
    return system
