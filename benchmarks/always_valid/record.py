"""Figures of each clip at 41 evaluations of a real run: python -m benchmarks.always_valid.record.

The toy denoiser of the tests is trained on 40 clips for 410 epochs and evaluated on 350 others
every 10 epochs: it improves, and then memorizes. `recorded.tsv` has a row for each evaluation of
trained weights and a column for each clip.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.always_valid.runs import RECORDED
from benchmarks.leaked_evaluation import PARAMS
from engine.project import Project
from engine.recipe.params import Params
from engine.recipe.schema import Recipe
from engine.runs.run import Run
from engine.training.system import Evaluated
from engine.training.watcher import Silent
from tests.training.toy import ToyDataset, ToyModel, build_toy, toy_recipe

RECIPE = toy_recipe(
    dataset=ToyDataset(
        corpus="made up",
        num_clips=390,
        split="random",
        num_train_clips=40,
        num_eval_clips=350,
        eval_share=0.9,
    ),
    model=ToyModel(width=64),
    epochs=410,
    evaluate_every="epoch:10",
    checkpoint_every="epoch:410",
)


class Recorded:
    """A system whose evaluations are kept; everything else is the system's own."""

    def __init__(self, system: Any, kept: list[np.ndarray]) -> None:
        self._system, self._kept = system, kept

    def __getattr__(self, name: str) -> Any:
        return getattr(self._system, name)

    def evaluate(self) -> Evaluated:
        """The system's evaluation; its figures of each clip are kept."""
        found: Evaluated = self._system.evaluate()
        self._kept.append(found.per_clip["error"])
        return found


def record() -> np.ndarray:
    """Train; return the figures [evaluations, clips] of trained weights."""
    kept: list[np.ndarray] = []

    def build(recipe: Recipe, project: Project, params: Params, *more: Any, **of: Any) -> Any:
        return Recorded(build_toy(recipe, project, params, *more, **of), kept)

    with TemporaryDirectory() as folder:
        project = Project(Path(folder))
        project.params.write_text("seed = 1\n")
        outcome = Run(RECIPE, project, PARAMS, build, Silent()).train()
    assert outcome is not None, "there is one process"
    assert outcome.ending == "finished", f"the run ended: {outcome.ending}"
    return np.stack(kept[1:])


if __name__ == "__main__":
    np.savetxt(RECORDED, record(), fmt="%.5g", delimiter="\t")
