"""What a run remembers of its evaluations, clip by clip: its entry, its best, the baselines."""

from typing import Literal

from attrs import define, field

from engine.evaluation.clip_table import ClipTable
from engine.recipe.schema import Recipe
from engine.training.model_selection import PerClip, Score, SelectionRule
from engine.training.state import Saved, as_arrays, as_tensors
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

    def table(self, clips: ClipSet) -> ClipTable:
        """The evaluation clips with every figure that is known of each."""
        figures = {f"baseline/{name}": values for name, values in self.baselines.items()}
        for title, score in ((self.entry_name, self.entry), ("best", self.best)):
            if score is not None:
                figures |= {f"{title}/{name}": v for name, v in score.per_clip.items()}
        return ClipTable(tuple(clips.ids), clips.digests, figures)

    def state(self) -> Saved:
        """Plain values, and the figures of each clip."""
        moments = {name: getattr(self, name) for name in _MOMENTS}
        plain = {"entry_name": self.entry_name} | {
            name: None if score is None else [score.step, score.value]
            for name, score in moments.items()
        }
        kept = {name: score.per_clip for name, score in moments.items() if score is not None}
        figures = kept | {"baselines": self.baselines}
        return Saved(plain, {name: as_tensors(values) for name, values in figures.items()})

    def load(self, saved: Saved) -> None:
        """Take over what a checkpoint holds."""
        self.entry_name = saved.plain["entry_name"]
        for name in _MOMENTS:
            if saved.plain[name] is not None:
                step, value = saved.plain[name]
                setattr(self, name, Score(step, value, as_arrays(saved.tensors[name])))
        self.baselines = as_arrays(saved.tensors["baselines"])
