"""What a run remembers of its evaluations, clip by clip: its entry, its best, the baselines."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import torch
from attrs import define, field
from torch import Tensor

from engine.evaluation.clip_table import ClipTable
from engine.evaluation.paired import Difference
from engine.recipe.schema import Recipe
from engine.training.model_selection import PerClip, Score, SelectionRule
from engine.training.system import ClipSet, Evaluated

Entry = Literal["untrained", "parent"]
"""What the weights are before step 1: fresh ones, or those of the phase that is continued."""

_MOMENTS = ("entry", "best")


@define
class Record:
    """The evaluations that later ones are compared with. Checkpoints hold it, so it resumes."""

    selection: SelectionRule
    entry_name: Entry = "untrained"
    entry: Score | None = None
    best: Score | None = None
    baselines: PerClip = field(factory=dict)

    @classmethod
    def of(cls, recipe: Recipe) -> "Record":
        """An empty one that compares as the recipe says."""
        training = recipe.training
        paired = training.best_by == "paired"
        return cls(SelectionRule(training.best, training.best_is == "lowest", paired))

    def begin(self, name: Entry, evaluated: Evaluated, baselines: PerClip) -> None:
        """Take in what was there before step 1. A parent is the first that can be the best."""
        self.entry_name, self.baselines = name, baselines
        self.entry = self.selection.score(0, evaluated)
        self.best = self.entry if name == "parent" else None

    @property
    def gain(self) -> Difference | None:
        """The best minus the parent it came from, clip by clip."""
        if self.entry is None or self.best is None or self.entry_name != "parent":
            return None
        return self.selection.difference(self.best, self.entry)

    def table(self, clips: ClipSet) -> ClipTable:
        """The evaluation clips with every figure that is known of each."""
        figures = {f"baseline/{name}": values for name, values in self.baselines.items()}
        for title, score in ((self.entry_name, self.entry), ("best", self.best)):
            if score is not None:
                figures |= {f"{title}/{name}": v for name, v in score.per_clip.items()}
        return ClipTable(tuple(clips.ids), clips.digests, figures)

    def state(self) -> dict[str, Any]:
        """Plain values for a checkpoint."""
        moments = {name: getattr(self, name) for name in _MOMENTS}
        return {"entry_name": self.entry_name} | {
            name: None if score is None else [score.step, score.value]
            for name, score in moments.items()
        }

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """The figures of each clip for a checkpoint."""
        moments = {name: getattr(self, name) for name in _MOMENTS}
        kept = {name: score.per_clip for name, score in moments.items() if score is not None}
        return {name: as_tensors(v) for name, v in (kept | {"baselines": self.baselines}).items()}

    def load(self, state: Mapping[str, Any], tensors: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Take over what a checkpoint holds."""
        self.entry_name = state["entry_name"]
        for name in _MOMENTS:
            if state[name] is not None:
                step, value = state[name]
                setattr(self, name, Score(step, value, as_arrays(tensors[name])))
        self.baselines = as_arrays(tensors["baselines"])


def as_tensors(figures: PerClip) -> dict[str, Tensor]:
    """Copies of arrays as a checkpoint takes them."""
    return {name: torch.from_numpy(np.array(values)) for name, values in figures.items()}


def as_arrays(tensors: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """The arrays that such tensors hold."""
    return {name: tensor.numpy() for name, tensor in tensors.items()}
