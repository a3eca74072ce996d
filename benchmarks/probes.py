"""What the checks of a run say of healthy starts and of planted shifts, seed by seed.

Run it in a project whose corpora are ingested: python -m benchmarks.probes [--pieces K]. A piece is
a demo recipe with a seed before step 1, or 50 steps of the demo of xtts_phase1 whose labels are at
another offset. Each finished piece is a line of benchmarks/results/probes.jsonl; a second call goes
on with what is missing. The summary lies beside.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import torch
from attrs import evolve, frozen

from benchmarks.keep_results import FOLDER
from benchmarks.machine import machine
from benchmarks.planted_shift import ASKED, OFFSETS, plant
from engine.project import Project
from engine.recipe import load_params, load_recipe
from engine.recipe.schema import Recipe
from engine.system_support.build import build_system
from engine.system_support.discovery import recipe_classes
from engine.training.checks import Check
from engine.training.checks.moved import Moved
from engine.training.clock import Clock
from engine.training.devices import make_device
from engine.training.loader import batches
from engine.training.order import Order
from engine.training.preflight import Preflight
from engine.training.probes import ASKED_AGAIN_AT, Probes
from engine.training.step import Stepper

RECIPES = Path(__file__).parents[1] / "recipes" / "demo"
_SEEDS, _SEEDS_OF_STARTS = 20, 5
_GPT = "xtts_phase1"
_HEALTHY, _START = "healthy", "start"
LINES, SUMMARY = FOLDER / "probes.jsonl", FOLDER / "probes.json"


@frozen
class Piece:
    """A recipe with a seed: its checks before step 1, or those of a GPT after 50 steps."""

    kind: str
    """"start", "healthy", or which labels are planted at which offset: "codes +2"."""
    recipe: str
    seed: int


def pieces() -> Iterator[Piece]:
    """All pieces, seed by seed."""
    recipes = sorted(path.stem for path in RECIPES.glob("*.toml") if "phase2" not in path.stem)
    for seed in range(1, _SEEDS + 1):
        yield from (Piece(kind, _GPT, seed) for kind in (_HEALTHY, *OFFSETS))
        if seed <= _SEEDS_OF_STARTS:
            yield from (Piece(_START, recipe, seed) for recipe in recipes)


def run(piece: Piece, project: Project) -> dict[str, Any]:
    """The findings of a piece."""
    recipe = load_recipe(RECIPES / f"{piece.recipe}.toml", classes=recipe_classes())
    started = Started(recipe, piece.seed, project)
    began = time.process_time()
    checks: Sequence[Check]
    if piece.kind == _START:
        checks = [*started.preflight.checks(), *started.probes.ask()]
    else:
        plant(started.system, OFFSETS.get(piece.kind))
        checks = started.after_steps(ASKED_AGAIN_AT)
    found = [[one.name, one.ok, one.action, one.detail] for one in checks]
    return {"seconds": round(time.process_time() - began, 2), "checks": found}


class Started:
    """A run as it is before step 1, without its folder."""

    def __init__(self, recipe: Recipe, seed: int, project: Project) -> None:
        params = load_params(project.params)
        params = evolve(params, seed=seed, hardware=evolve(params.hardware, num_threads=1))
        training = recipe.training
        torch.manual_seed(seed)
        self.system = build_system(recipe, project, params)
        lengths, parts = self.system.train_clips.lengths, training.num_micro_batches
        order = Order(lengths, training.batch_size, seed, num_parts=parts)
        length = Clock.of(training, order.steps_per_epoch).length
        device = make_device(params.hardware, training.precision)
        self.stepper = Stepper(device, self.system, recipe, length)
        networks, self.order = self.stepper.networks, order
        self.preflight = Preflight(self.system, recipe, order, length, self.stepper)
        moved = Moved(networks.turns, None, networks.ranks)
        self.probes = Probes(self.system, networks, order, length.total_steps, moved)

    def after_steps(self, number: int) -> Sequence[Check]:
        """The probes after so many steps of training."""
        self.system.module.train()
        stream = batches(self.system.train_clips, self.order, 0)
        for step in range(number):
            self.stepper.step(next(stream), step)
        stream.close()
        return self.probes.ask(number)


def read() -> dict[Piece, dict[str, Any]]:
    """The findings of finished pieces."""
    lines = LINES.read_text("utf-8").splitlines() if LINES.exists() else []
    kept = [json.loads(line) for line in lines]
    return {Piece(*one["piece"]): one["found"] for one in kept}


def summary(found: Mapping[Piece, Mapping[str, Any]]) -> dict[str, Any]:
    """Counts by recipe and by planted shift."""
    starts: dict[str, dict[str, Any]] = {}
    shifts: dict[str, dict[str, int]] = {}
    for piece, one in found.items():
        if piece.kind == _START:
            row = starts.setdefault(piece.recipe, {"runs": 0, "stops": [], "warnings": []})
            row["runs"] += 1
            row["seconds"] = max(row.get("seconds", 0.0), one["seconds"])
            for name, ok, action, _ in one["checks"]:
                if ok is False:
                    row["stops" if action == "stop" else "warnings"].append(f"{name}, {piece.seed}")
            continue
        by_name = {name: ok for name, ok, _, _ in one["checks"]}
        row = shifts.setdefault(piece.kind, {"runs": 0, **{f"{a}: named": 0 for a in ASKED}})
        row["runs"] += 1
        for asked, names in ASKED.items():
            row[f"{asked}: named"] += any(by_name.get(name) is False for name in names)
    return {"machine": machine(1), "starts": starts, "shifts": shifts}


@click.command()
@click.option("--pieces", "number", type=int, default=None, help="At most so many pieces now.")
def main(number: int | None) -> None:
    """Run the pieces that are missing, and write the summary."""
    torch.set_num_threads(1)  # features are made before a run's device is
    project, found = Project(Path.cwd()), read()
    missing = [piece for piece in pieces() if piece not in found]
    for piece in missing[:number]:
        found[piece] = run(piece, project)
        line = {"piece": [piece.kind, piece.recipe, piece.seed], "found": found[piece]}
        with LINES.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
    SUMMARY.write_text(json.dumps(summary(found), indent=2) + "\n", encoding="utf-8")
    click.echo(SUMMARY.read_text("utf-8"))


if __name__ == "__main__":
    main()
