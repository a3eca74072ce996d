"""The campaign on probes: which pieces there are, that it goes on, and what it counts."""

import json

import pytest
from click.testing import CliRunner

from benchmarks import probes
from benchmarks.planted_shift import OFFSETS
from benchmarks.probes import Piece


def found(piece):
    """What a run of a piece would find: labels name every shift, scores none."""
    is_shifted = piece.kind in OFFSETS
    checks = [
        ["labels of codes", not is_shifted, "stop", ""],
        ["order of tokens", None if is_shifted else True, "stop", ""],
    ]
    return {"seconds": 2.0, "checks": checks}


@pytest.fixture
def campaign(tmp_path, monkeypatch):
    """Calls the program, whose pieces are not run; the pieces that were asked for so far."""
    asked = []
    monkeypatch.setattr(probes, "LINES", tmp_path / "probes.jsonl")
    monkeypatch.setattr(probes, "SUMMARY", tmp_path / "probes.json")
    monkeypatch.setattr(probes, "run", lambda piece, _: asked.append(piece) or found(piece))

    def call(number):
        done = CliRunner().invoke(probes.main, ["--pieces", str(number)])
        assert done.exit_code == 0, done.output
        return asked

    return call


def test_every_shift_has_twenty_seeds_and_every_demo_recipe_five_healthy_starts():
    every = [*probes.pieces()]
    assert len(set(every)) == len(every)
    for kind in ("healthy", *OFFSETS):
        assert sum(piece.kind == kind for piece in every) == 20
    starts = {piece.recipe for piece in every if piece.kind == "start"}
    assert starts == {path.stem for path in probes.RECIPES.glob("*.toml")} - {"xtts_phase2"}
    assert sum(piece.kind == "start" for piece in every) == 5 * len(starts)


def test_a_second_call_goes_on_and_counts_what_was_named(campaign, tmp_path):
    first = [*campaign(3)]
    assert first == [*probes.pieces()][:3]
    assert campaign(len(OFFSETS))[3:] == [*probes.pieces()][3 : 3 + len(OFFSETS)]
    summary = json.loads((tmp_path / "probes.json").read_text())
    assert summary["shifts"]["healthy"] == {
        "runs": 1,
        "by labels: named": 0,
        "by scores: named": 0,
    }
    for kind in OFFSETS:
        assert summary["shifts"][kind] == {
            "runs": 1,
            "by labels: named": 1,
            "by scores: named": 0,
        }


def test_a_failed_check_of_a_healthy_start_is_counted_by_what_it_does():
    checks = [["a", False, "stop", ""], ["b", False, "warn", ""], ["c", None, "stop", ""]]
    summary = probes.summary({Piece("start", "words", 4): {"seconds": 1.5, "checks": checks}})
    assert summary["starts"]["words"] == {
        "runs": 1,
        "stops": ["a, 4"],
        "warnings": ["b, 4"],
        "seconds": 1.5,
    }
