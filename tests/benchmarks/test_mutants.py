"""Mutants: the catalogue holds what it promises, and a small campaign is scored rightly."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from attrs import evolve

from benchmarks.mutants.campaign import pieces_of, read
from benchmarks.mutants.faults import CATALOGUE
from benchmarks.mutants.score import Finding, findings, in_time, is_named
from benchmarks.mutants.setups import SETUPS
from benchmarks.mutants.summary import not_applied, scored, share, shares, table
from benchmarks.mutants.workbench import Workbench
from engine.tracking.events import Event, EventLog
from tests.training.toy import ToyModel, toy_recipe, toy_system

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """The lines of a small campaign that was stopped and gone on with."""
    folder = tmp_path_factory.mktemp("campaign")
    command = [sys.executable, "-m", "tests.benchmarks.mutant_slice", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "pieces: [3, 1, 0]" in done.stdout  # a second call goes on, a third has nothing to do
    assert (folder / "kept" / "audio_vae" / "no_backward" / "0" / "events.jsonl").is_file()
    return {line["operator"]: line for line in read(folder / "results.jsonl")}


def test_a_healthy_run_is_trained_to_its_end(lines):
    assert lines["healthy"]["code"] == 0


def test_faults_are_named_before_step_1_with_their_cause(lines):
    found = {one.operator.name: one for one in scored([*lines.values()])}
    assert {found[n].outcome for n in ("no_backward", "misspelt_loss", "torn_files")} == {"before"}
    assert all(found[n].right for n in ("no_backward", "misspelt_loss", "torn_files"))


def test_a_fault_of_which_a_run_says_nothing_survives(lines):
    quiet = {**lines["no_backward"], "code": 0, "findings": lines["healthy"]["findings"]}
    (found,) = scored([lines["healthy"], quiet])
    assert found.outcome == "survived"
    assert "-" in table([found])


def test_a_mutant_that_does_not_apply_is_a_sentence_and_no_score(lines):
    missed = {**lines["no_backward"], "reached": 0}
    assert scored([missed]) == []
    (said,) = not_applied([missed])
    assert said.startswith("no_backward does not apply to audio_vae (seed 0): ")


def test_every_operator_has_a_reference_a_cause_and_a_place():
    assert len(CATALOGUE) >= 40
    for operator in CATALOGUE.values():
        assert operator.reference
        assert operator.named_by
        assert sum(bool(one) for one in (operator.code or operator.recipe, operator.data)) == 1
        assert any(operator.why_not(name, setup.anatomy) is None for name, setup in SETUPS.items())


def test_an_operator_says_why_it_is_not_applied():
    why_not = CATALOGUE["shifted_twice"].why_not("audio_vae", SETUPS["audio_vae"].anatomy)
    assert why_not == "it predicts no tokens"


def test_a_part_of_a_campaign_is_a_sample_of_all_of_a_seed():
    pieces = pieces_of(list(SETUPS), [0, 1], list(CATALOGUE))
    assert [piece.name for piece in pieces[: len(SETUPS)]] == ["healthy"] * len(SETUPS)
    seeds = [piece.seed for piece in pieces]
    assert seeds == sorted(seeds)
    assert len({piece.key for piece in pieces}) == len(pieces)
    kinds = {piece.operator.kind for piece in pieces[len(SETUPS) : 40]}
    assert kinds == {"code", "recipe", "data"}


def test_what_the_end_of_a_short_run_says_is_never_said_in_time():
    early = Finding("training", "guard", "eval/mel", "too high", step=30, seconds=12.0)
    assert in_time(early)
    assert not in_time(evolve(early, seconds=61.0))
    assert not in_time(evolve(early, stage="end"))


def test_findings_of_a_run_have_their_stage(tmp_path):
    log = EventLog(tmp_path / "events.jsonl")
    check = {"name": "gradients", "ok": False, "detail": "none"}
    guard = {"name": "train/loss", "metric": "train/loss", "value": None, "condition": "finite"}
    expected = {"name": "eval/mel", "met": False, "detail": "3, expected 1"}
    log.write(Event("warning", 0, facts={"message": "few clips"}))
    log.write(Event("preflight", 50, facts={"checks": [check]}))
    log.write(Event("guard", 60, facts=guard))
    log.write(Event("finish", 60, facts={"expectations": [expected], "verdict": None}))
    found = findings(tmp_path / "events.jsonl", "", 0)
    assert [(one.stage, one.kind) for one in found] == [
        ("before", "warning"),
        ("training", "check"),
        ("training", "guard"),
        ("end", "expectation"),
    ]
    assert is_named(found[1], CATALOGUE["no_backward"])


def test_a_refusal_before_any_event_is_named_before_step_1():
    (found,) = findings(None, "noise\nerror: recipes/a.toml:3  losses.mell: unknown key", 2)
    assert (found.stage, found.kind) == ("before", "error")
    assert is_named(found, CATALOGUE["misspelt_loss"])
    assert not is_named(found, CATALOGUE["no_backward"])


def test_shares_have_exact_intervals():
    assert share(9, 10) == "9 of 10 (90%, 55% to 100%)"
    assert share(0, 0) == "no runs"
    assert set(shares([]).values()) == {"no runs"}


def test_a_workbench_counts_broken_code_and_takes_it_away():
    recipe = toy_recipe(model=ToyModel())
    system = toy_system(recipe)
    bench = Workbench(system, recipe, SETUPS["audio_vae"].anatomy)
    CATALOGUE["no_backward"].code(bench)
    weight = torch.ones(1, requires_grad=True)
    weight.sum().backward()
    assert (bench.reached, weight.grad) == (1, None)
    bench.undo()
    weight.sum().backward()
    assert weight.grad is not None
