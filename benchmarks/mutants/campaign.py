"""All pieces of a campaign, in an order that sees everything early; each is a line when done."""

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from attrs import asdict, frozen

from benchmarks.mutants.child import Ended
from benchmarks.mutants.faults import CATALOGUE
from benchmarks.mutants.piece import Piece, prepare_base, run_piece
from benchmarks.mutants.project import HEALTHY, Projects
from benchmarks.mutants.score import Finding, findings
from benchmarks.mutants.setups import SETUPS
from benchmarks.mutants.setups.setup import Setup
from engine.errors import UserError

_READY = "ready.json"


@frozen
class Campaign:
    """Where a campaign trains, where its lines go, and where the events of runs are kept."""

    projects: Projects
    results: Path
    keep: Path | None = None
    commit: str = ""
    """The commit of the code that trains, which each line carries."""

    def run(self, pieces: Sequence[Piece], most: int) -> int:
        """Run up to `most` pieces that are not done; return how many were."""
        done = {(line["system"], line["operator"], line["seed"]) for line in read(self.results)}
        waiting = [piece for piece in pieces if piece.key not in done][:most]
        for piece in waiting:
            self.prepare(piece)
            line = self._line(piece)
            with self.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
            print(_sentence(line), flush=True)
        return len(waiting)

    def prepare(self, piece: Piece) -> None:
        """Make what a piece needs: its setup's project, and the parent of a second phase.

        Raises UserError where the setup's corpus cannot be ingested.
        """
        self._require_base(piece.setup)
        self._require_parent(piece)

    def _require_base(self, setup: Setup) -> None:
        """Make the setup's project where it is missing or of another version of the setup."""
        ready = self.projects.base(setup) / _READY
        version = {"recipe": setup.recipe, "params": setup.params(seed=1)}
        if ready.is_file() and json.loads(ready.read_text("utf-8")) == version:
            return
        for folder in (self.projects.base(setup), self.projects.parent(setup, 0).parent):
            shutil.rmtree(folder, ignore_errors=True)
        ended = prepare_base(setup, self.projects)
        if ended.code:
            output = (self.projects.base(setup) / "output.txt").read_text("utf-8")
            raise UserError(
                f"The healthy setup of {setup.system} cannot be ingested: {output[-500:]}"
            )
        ready.write_text(json.dumps(version), encoding="utf-8")

    def _require_parent(self, piece: Piece) -> None:
        """Train the healthy model that a second phase goes on with, where it is missing."""
        second = piece.operator is not None and piece.operator.phase == "second"
        if second and not self.projects.parent(piece.setup, piece.seed).is_dir():
            self._line(Piece(piece.setup, None, piece.seed))

    def _line(self, piece: Piece) -> dict[str, Any]:
        root, ended = run_piece(piece, self.projects)
        events = next((root / "runs" / piece.recipe).glob("*/events.jsonl"), None)
        output = (root / "output.txt").read_text("utf-8", errors="replace")
        found = findings(events, output, ended.code)
        if self.keep is not None and events is not None:
            place = self.keep / piece.setup.system / piece.name / str(piece.seed)
            place.mkdir(parents=True, exist_ok=True)
            for name in ("events.jsonl", "run.json", "recipe.toml"):
                shutil.copy2(events.parent / name, place)
        if piece.operator is None and ended.code == 0:
            parent = self.projects.parent(piece.setup, piece.seed)
            shutil.rmtree(parent, ignore_errors=True)
            shutil.copytree(root / "models" / HEALTHY, parent)
        shutil.rmtree(root)
        return {**_line(piece, ended, found), "commit": self.commit}


def pieces_of(systems: Sequence[str], seeds: Sequence[int], names: Sequence[str]) -> list[Piece]:
    """Every piece, seed by seed: the healthy ones, and then the mutants in a drawn order.

    A campaign that is stopped early has so taken a fair sample of all.
    """
    pieces = []
    for seed in seeds:
        mutants = [
            Piece(SETUPS[system], CATALOGUE[name], seed)
            for name in CATALOGUE
            for system in SETUPS
            if CATALOGUE[name].why_not(system, SETUPS[system].anatomy) is None
        ]
        pieces += [Piece(setup, None, seed) for setup in SETUPS.values()]
        pieces += [
            mutants[place] for place in np.random.default_rng(seed).permutation(len(mutants))
        ]
    return [one for one in pieces if one.setup.system in systems and one.name in (HEALTHY, *names)]


def read(results: Path) -> Iterator[dict[str, Any]]:
    """The lines of a campaign; a last line that was cut short is passed over."""
    if not results.is_file():
        return
    for line in results.read_text("utf-8").splitlines():
        if line.endswith("}"):
            yield json.loads(line)


def _line(piece: Piece, ended: Ended, found: Sequence[Finding]) -> dict[str, Any]:
    """A piece in plain values. What was said is scored later: see `summary.py`."""
    return {
        "system": piece.setup.system,
        "operator": piece.name,
        "seed": piece.seed,
        "code": ended.code,
        "reached": ended.left.get("reached", 0),
        "cpu_seconds": round(ended.cpu_seconds, 1),
        "findings": [asdict(one) for one in found],
    }


def _sentence(line: dict[str, Any]) -> str:
    said = [one for one in line["findings"] if one["kind"] != "verdict"]
    first = f"{said[0]['kind']} {said[0]['name']}" if said else "nothing"
    applied = "" if line["reached"] or line["operator"] == HEALTHY else " (NOT APPLIED)"
    return (
        f"{line['system']} {line['operator']} seed {line['seed']}{applied}: "
        f"exit {line['code']}, {line['cpu_seconds']:.0f} s, first {first}"
    )
