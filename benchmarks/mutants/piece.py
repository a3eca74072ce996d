"""One training run, healthy or broken, by the real commands in a process of its own."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from attrs import frozen

from benchmarks.mutants.child import Ended, run_in_child
from benchmarks.mutants.operator import Operator
from benchmarks.mutants.project import HEALTHY, MUTANT, Projects
from benchmarks.mutants.setups.setup import Setup
from benchmarks.mutants.workbench import Workbench
from engine.cli import main
from engine.corpus.corpus import Corpus
from engine.errors import UserError
from engine.project import Project
from engine.recipe import load_recipe, to_plain
from engine.recipe.params import Params
from engine.recipe.schema import Recipe
from engine.system_support import build
from engine.system_support.discovery import recipe_classes
from engine.training.system import System

LIMIT_SECONDS = 150.0
_CRASH = 70


@frozen
class Piece:
    """What a campaign runs: a setup, broken by an operator or healthy, with one seed."""

    setup: Setup
    operator: Operator | None
    seed: int

    @property
    def name(self) -> str:
        """The operator's name, or `healthy`."""
        return self.operator.name if self.operator else HEALTHY

    @property
    def recipe(self) -> str:
        """The recipe that is trained."""
        return MUTANT if self.operator else HEALTHY

    @property
    def key(self) -> tuple[str, str, int]:
        """System, name and seed, which no other piece has."""
        return self.setup.system, self.name, self.seed


def run_piece(piece: Piece, projects: Projects) -> tuple[Path, Ended]:
    """Train, and return the project's root with how the process ended."""
    root = projects.piece(piece.setup, piece.operator, piece.seed)
    base = projects.base(piece.setup)
    return root, run_in_child(root, lambda: _train(piece, root, base), LIMIT_SECONDS)


def prepare_base(setup: Setup, projects: Projects) -> Ended:
    """Ingest a setup's corpus."""
    root = projects.write_base(setup)
    return run_in_child(root, lambda: {"code": command("ingest", setup.corpus)}, LIMIT_SECONDS)


def command(*words: str) -> int:
    """Run a command of Cantus in this process; its exit code, 70 where it raised an error."""
    try:
        main(words)
    except SystemExit as left:
        return int(left.code or 0)
    except Exception:  # noqa: BLE001 - a crash is a result here
        traceback.print_exc()
        return _CRASH
    raise AssertionError("a command ends by sys.exit")


def _train(piece: Piece, root: Path, base: Path) -> dict[str, Any]:
    operator, corpus = piece.operator, piece.setup.corpus
    if operator is not None and operator.data is not None:
        code = command("ingest", corpus)
        if code:
            return {"code": code, "reached": 1}
    with _without_pages(), _broken_builds(piece) as benches:
        code = command("train", piece.recipe)
    reached = sum(bench.reached for bench in benches)
    if operator is not None and operator.kind == "data":
        reached = int(_corpus(root, corpus) != _corpus(base, corpus))
    if operator is not None and operator.kind == "recipe":
        reached = int(_differs(root))
    return {"code": code, "reached": reached}


@contextmanager
def _broken_builds(piece: Piece) -> Iterator[list[Workbench]]:
    """Inside, a system is broken as soon as it is built."""
    healthy, benches = build.build_system, list[Workbench]()

    def broken(recipe: Recipe, project: Project, params: Params) -> System:
        system = healthy(recipe, project, params)
        bench = Workbench(system, recipe, piece.setup.anatomy)
        benches.append(bench)
        if piece.operator is not None and piece.operator.code is not None:
            piece.operator.code(bench)
        return system

    with patch.object(build, "build_system", broken):
        try:
            yield benches
        finally:
            for bench in benches:
                bench.undo()


@contextmanager
def _without_pages() -> Iterator[None]:
    """Inside, finished runs get no page: its curves take seconds, and nobody scores by it."""
    with patch("engine.runs.finish.build_report"):
        yield


def _corpus(root: Path, corpus: str) -> list[str]:
    """Every clip with its audio, its text and its speaker."""
    clips = Corpus.open(Project(root).corpus(corpus)).manifest.clips
    return [str((one.id, one.sha256, one.text, one.speaker)) for one in clips]


def _differs(root: Path) -> bool:
    """Whether the recipe is another than the healthy one, or no recipe at all."""
    try:
        healthy, mutant = (
            to_plain(load_recipe(root / "recipes" / f"{name}.toml", classes=recipe_classes()))
            for name in (HEALTHY, MUTANT)
        )
    except UserError:
        return True
    return {**healthy, "name": ""} != {**mutant, "name": ""}
