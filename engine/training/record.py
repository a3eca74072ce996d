"""The evaluations a run remembers, clip by clip: the initial, the best ones, the baselines."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from attrs import asdict, define, field, frozen

from engine.evaluation.clip_table import ClipTable
from engine.evaluation.digests import NUM_BYTES
from engine.recipe.judged import GROUP
from engine.recipe.schema import Recipe
from engine.training.model_selection import PerClip, Score, SelectionRule
from engine.training.parting import Parting, Rules, find_parting, selection_of
from engine.training.state import Saved, as_arrays, as_tensors
from engine.training.store import Kind
from engine.training.system import ClipSet, Evaluated

Entry = Literal["untrained", "parent"]
"""The weights before step 1: random ones, or those of the phase that is continued."""

_MOMENTS = ("entry", "best", "best_by_other", "reference")


@frozen(eq=False)
class Look:
    """A new evaluation, compared with those before it."""

    rule: SelectionRule
    best: Score | None
    """The best before it."""
    reference: Score | None
    """The last before it that was shown to be better."""
    new: Score
    new_by_other: Score | None
    """The new score by the other rule, where it is the best by that rule."""

    @property
    def is_best(self) -> bool:
        """Whether it replaces the best."""
        return self.rule.is_better(self.new, self.best)

    @property
    def is_shown_better(self) -> bool:
        """Whether it is shown to be better than the reference, whose place it then takes."""
        return self.rule.is_shown_better(self.new, self.reference)

    @property
    def facts(self) -> dict[str, Any]:
        """Plain values for an event."""
        facts: dict[str, Any] = {"best": self.is_best}
        if self.reference and (found := self.rule.difference(self.new, self.reference)):
            said = self._compared(self.reference)
            facts["difference"] = asdict(found) | {
                "against_step": self.reference.step,
                "said": said,
            }
        return facts

    @property
    def said(self) -> str | None:
        """The comparison in words."""
        if self.reference is None:
            return None
        against = f"{self.rule.metric} against step {self.reference.step}"
        return f"{against}: {self._compared(self.reference)}"

    def _compared(self, reference: Score) -> str:
        said = self.rule.said(self.new, reference)
        return f"{said}; the best so far" if self.is_best and not self.is_shown_better else said


@define
class Record:
    """The evaluations that later ones are compared with. Checkpoints hold it, so it resumes."""

    selection: SelectionRule
    rules: Rules | None = None
    """None where no judge scores clips."""
    entry_name: Entry = "untrained"
    entry: Score | None = None
    best: Score | None = None
    best_by_other: Score | None = None
    """The best by `other`."""
    reference: Score | None = None
    """The last that was shown to be better than the reference before it; at first the parent, or
    the first evaluation. Small gains that add up are shown against it, not against the best."""
    baselines: PerClip = field(factory=dict)
    judged_ids: Sequence[str] = ()
    """The clips that judges score at every evaluation."""
    judged_digests: np.ndarray = field(factory=lambda: np.empty((0, NUM_BYTES), np.uint8))

    @classmethod
    def of(cls, recipe: Recipe, num_evaluations: int) -> "Record":
        """An empty record of a run with so many evaluations, compared as the recipe says."""
        return cls(selection_of(recipe, num_evaluations), Rules.of(recipe, num_evaluations))

    @property
    def other(self) -> SelectionRule | None:
        """The second rule by which weights are kept: the loss, or the first judge's figure."""
        if self.rules is None or self.entry is None:
            return None
        known = self.entry.per_clip
        judge = next((rule for rule in self.rules.judges if rule.clip_metric in known), None)
        return judge if judge is None or self.selection == self.rules.loss else self.rules.loss

    @property
    def other_name(self) -> str:
        """The name of the checkpoint that is best by `other`."""
        by_loss = self.rules is not None and self.other == self.rules.loss
        return "best_by_loss" if by_loss else "best_by_judges"

    def begin(self, name: Entry, evaluated: Evaluated, baselines: PerClip) -> None:
        """Record the evaluation before step 1. A parent's weights can already be the best."""
        self.entry_name, self.baselines = name, baselines
        self.entry = self.selection.score(0, evaluated)
        if evaluated.judged is not None:
            self.judged_ids = tuple(evaluated.judged.ids)
            self.judged_digests = evaluated.judged.digests
        if name == "parent":
            self.best = self.entry
            self.reference = self.selection.own(self.entry)
            self.best_by_other = self.other.score(0, evaluated) if self.other else None

    def look(self, step: int, evaluated: Evaluated) -> Look:
        """Compare an evaluation with the best ones before it. Nothing is remembered yet."""
        by_other, other = None, self.other
        if other is not None:
            score = other.score(step, evaluated)
            by_other = score if other.is_better(score, self.best_by_other) else None
        new = self.selection.score(step, evaluated)
        return Look(self.selection, self.best, self.reference, new, by_other)

    def take(self, look: Look) -> Iterator[Kind]:
        """Remember a new evaluation where it is better; yield the rules by which it is the best."""
        if look.is_shown_better:
            self.reference = self.selection.own(look.new)
        if look.is_best:
            self.best = look.new
            yield "best"
        if look.new_by_other is not None:
            self.best_by_other = look.new_by_other
            yield "other"

    def parting(self) -> Parting | None:
        """The parting of loss and judges, or None."""
        best, other = self.best, self.best_by_other
        if self.rules is None or best is None or other is None:
            return None
        named = [(best, "best"), (other, self.other_name)]
        if self.selection != self.rules.loss:
            named.reverse()
        (by_loss, loss_name), (by_judges, judges_name) = named
        kept = loss_name, judges_name
        return find_parting(self.rules, by_loss, by_judges, kept)

    def table(self, clips: ClipSet) -> ClipTable:
        """The evaluation clips with every figure that is known of each."""
        figures = {f"baseline/{name}": values for name, values in self.baselines.items()}
        figures |= {n: v for n, v in self._figures() if not _is_judged(n)}
        return ClipTable(tuple(clips.ids), clips.digests, figures)

    def judged_table(self) -> ClipTable:
        """The judged clips with the judges' figures of each."""
        figures = {name: values for name, values in self._figures() if _is_judged(name)}
        return ClipTable(tuple(self.judged_ids), self.judged_digests, figures)

    def state(self) -> Saved:
        """Plain values, and the figures of each clip."""
        moments = {name: getattr(self, name) for name in _MOMENTS}
        plain = {"entry_name": self.entry_name, "judged_ids": [*self.judged_ids]} | {
            name: None if score is None else [score.step, score.value]
            for name, score in moments.items()
        }
        kept = {name: score.per_clip for name, score in moments.items() if score is not None}
        judged = {"digests": self.judged_digests}
        figures = kept | {"baselines": self.baselines, "judged": judged}
        return Saved(plain, {name: as_tensors(values) for name, values in figures.items()})

    def load(self, saved: Saved) -> None:
        """Take over what a checkpoint holds."""
        self.entry_name = saved.plain["entry_name"]
        for name in _MOMENTS:
            if saved.plain.get(name) is not None:
                step, value = saved.plain[name]
                setattr(self, name, Score(step, value, as_arrays(saved.tensors[name])))
        if "reference" not in saved.plain and self.best is not None:
            # a checkpoint of before: its best was the last that was shown to be better
            self.reference = self.selection.own(self.best)
        self.baselines = as_arrays(saved.tensors["baselines"])
        self.judged_ids = tuple(saved.plain["judged_ids"])
        self.judged_digests = as_arrays(saved.tensors["judged"])["digests"]

    def _figures(self) -> Iterator[tuple[str, np.ndarray]]:
        """Every figure of each clip, by its evaluation and its metric."""
        scores: Mapping[str, Score | None] = {
            self.entry_name: self.entry,
            "best": self.best,
            self.other_name: self.best_by_other,
        }
        for title, score in scores.items():
            for name, values in score.per_clip.items() if score else ():
                yield f"{title}/{name}", values


def _is_judged(name: str) -> bool:
    return name.partition("/")[2].startswith(f"{GROUP}/")
