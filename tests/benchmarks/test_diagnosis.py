"""How the diagnosis is measured: what a library lacks, and what counts as right."""

from pathlib import Path

from benchmarks.diagnosis.collect import healthy_signatures
from benchmarks.diagnosis.leave_out import evaluate
from benchmarks.diagnosis.page import write_results
from benchmarks.diagnosis.parts import PART_OF
from benchmarks.mutants.faults import CATALOGUE
from engine.report.diagnosis.signatures import HEALTHY, Signature, recorded

SYSTEMS = ("codec", "vqvae", "xtts")


def runs(part, family, **seen):
    return [Signature(part, family, f"{family} is broken", one, dict(seen)) for one in SYSTEMS * 4]


RUNS = [
    *runs(HEALTHY, HEALTHY, gradient="steady", loss="falls", check="none", end="end"),
    *runs("gradients", "backward", gradient="zero", loss="stays", check="gradients", end="stop"),
    *runs("gradients", "frozen", gradient="zero", loss="falls", check="gradients", end="stop"),
    *runs("losses", "loss", gradient="steady", loss="rises", check="loss", end="end"),
]


def test_every_family_of_faults_belongs_to_a_part():
    assert {one.family for one in CATALOGUE.values()} <= PART_OF.keys()


def test_faults_of_other_systems_are_known_again_and_healthy_runs_are_no_fault():
    score = evaluate(RUNS).by_system
    assert (score.top_1, score.top_3, score.faults) == (36, 36, 36)
    assert (score.false_alarms, score.healthy) == (0, 12)


def test_another_family_of_the_same_part_is_enough_and_a_part_that_is_unknown_is_not_named():
    results = evaluate(RUNS)
    assert results.by_both.top_1 == 24
    assert results.by_part.top_1 == 0


def test_the_results_are_tables_with_intervals(tmp_path):
    write_results(evaluate(RUNS), tmp_path)
    page = (tmp_path / "diagnosis.md").read_text("utf-8")
    assert "| its system | 36 of 36 (95 % CI 90.3 to 100.0 %)" in page


def test_a_campaign_without_events_has_no_recorded_runs(tmp_path):
    row = '{"run": "vae_seed_1", "kind": "seed", "system": "vqvae"}\n'
    (tmp_path / "rows.jsonl").write_text(row)
    assert [*healthy_signatures(tmp_path)] == []


def test_the_recorded_runs_that_come_with_cantus_are_small_and_of_several_systems():
    file = Path(__file__).parents[2] / "engine/report/diagnosis/signatures.json"
    assert file.stat().st_size < 100_000
    assert len({run.system for run in recorded()}) >= 3
