"""Real figures of each clip at 41 evaluations of a run: python -m benchmarks.always_valid.record.

Run it from the project with a corpus of words (`dvc repro ingest@words`). It trains audio_vae_plus
for 400 steps of 8 clips with an evaluation every 10, and writes `recorded/audio_vae_plus.tsv`: a
row for each evaluation, the initial weights first, a column for each clip.
"""

from pathlib import Path
from typing import Any

import numpy as np
from attrs import evolve

from engine.project import Project
from engine.recipe import load_params, load_recipe
from engine.recipe.params import Params
from engine.recipe.schema import Recipe
from engine.runs.run import Run
from engine.system_support.build import build_system
from engine.system_support.discovery import recipe_classes
from engine.training.system import Evaluated
from engine.training.watcher import Silent

RECORDED = Path(__file__).parent / "recorded"
EVALUATIONS, STEPS = 40, 400
_OVERRIDES = (
    f"training.steps={STEPS}",
    f"training.evaluate_every=step:{STEPS // EVALUATIONS}",
    f"training.checkpoint_every=step:{STEPS}",
    "training.batch_size=8",
    "samples.num_clips=1",
)


class Recorded:
    """A system whose evaluations are kept; everything else is the system's own."""

    def __init__(self, system: Any, metric: str, kept: list[np.ndarray]) -> None:
        self._system, self._metric, self._kept = system, metric, kept

    def __getattr__(self, name: str) -> Any:
        return getattr(self._system, name)

    def evaluate(self) -> Evaluated:
        """The system's evaluation; its figures of each clip are kept."""
        found: Evaluated = self._system.evaluate()
        self._kept.append(found.per_clip[self._metric])
        return found


def record(recipe: Recipe, project: Project) -> np.ndarray:
    """Train a recipe; return the figures [evaluations, clips] of the metric that picks its best."""
    kept: list[np.ndarray] = []

    def build(recipe: Recipe, project: Project, params: Params, *more: Any, **of: Any) -> Any:
        system = build_system(recipe, project, params, *more, **of)
        return Recorded(system, recipe.training.best.partition("/")[2], kept)

    params = load_params(project.params)
    params = evolve(params, tracking=evolve(params.tracking, mirrors=()))
    outcome = Run(recipe, project, params, build, Silent()).train()
    assert outcome is not None, "there is one process"
    assert outcome.ending == "finished", f"the run ended: {outcome.ending}"
    return np.stack(kept)


def main() -> None:
    """Train, and write the table."""
    here = Project(Path.cwd())
    recipe = load_recipe(
        here.recipe("audio_vae_plus", "demo"), classes=recipe_classes(), overrides=_OVERRIDES
    )
    recipe = evolve(recipe, name="always_valid_recorded")
    figures = record(recipe, here)
    RECORDED.mkdir(exist_ok=True)
    np.savetxt(RECORDED / "audio_vae_plus.tsv", figures, fmt="%.5g", delimiter="\t")
    print(figures.shape, figures.mean(1).round(3))


if __name__ == "__main__":
    main()
