"""A built system on which a fault does its work, and the count that shows that it did."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from unittest.mock import patch

import numpy as np
from attrs import define, field
from torch import Tensor

from benchmarks.mutants.anatomy import Anatomy
from engine.recipe.schema import Recipe
from engine.training.system import Batch, ClipSet, System, Turn

Function = Callable[..., Any]
ChangeBatch = Callable[[dict[str, Tensor], np.random.Generator], Mapping[str, Tensor]]


@define(eq=False)
class Workbench:
    """What a code fault is given, after the system is built and before anything is trained.

    A trainer that takes its batches from `system.train_clips`, its losses from the module's methods
    and its gradients from torch has every such fault, whoever wrote the trainer.
    """

    system: System
    recipe: Recipe
    anatomy: Anatomy
    reached: int = 0
    """How often broken code has run."""
    _undo: list[Callable[[], Any]] = field(factory=list)

    @property
    def turn(self) -> Turn:
        """The turn that trains what is exported."""
        return next(one for one in self.system.turns if one.name == self.anatomy.turn)

    @property
    def encoder(self) -> Any:
        """The part of the module whose output the rest needs."""
        return self.system.module.get_submodule(self.anatomy.encoder)

    def mark(self) -> None:
        """Count that broken code has run."""
        self.reached += 1

    def wrap(self, owner: Any, name: str, change: Callable[[Function], Function]) -> None:
        """Put `change(old)` in the place of a function of a class, a module or an object."""
        broken = change(getattr(owner, name))

        def counted(*given: Any, **named: Any) -> Any:
            self.mark()
            return broken(*given, **named)

        self.replace(owner, name, counted)

    def replace(self, owner: Any, name: str, value: Any) -> None:
        """Set an attribute until `undo`. What replaces a function must call `mark` itself."""
        patched = patch.object(owner, name, value)
        patched.start()
        self._undo.append(patched.stop)

    def keep_undo(self, undo: Callable[[], Any]) -> None:
        """Call `undo` when the fault is taken away."""
        self._undo.append(undo)

    def undo(self) -> None:
        """Take the fault away."""
        while self._undo:
            self._undo.pop()()

    def change_batches(self, change: ChangeBatch) -> None:
        """Let training clips make other batches; evaluation clips stay as they are."""
        self.system.train_clips = _ChangedClips(self.system.train_clips, change, self.mark)

    def change_turn(self, name: str, change: Callable[[Any], Any]) -> None:
        """Let a turn give other terms: `change` takes and returns them."""

        def broken(old: Function) -> Function:
            return lambda batch: change(old(batch))

        self.wrap(self.system.module, name, broken)

    def replace_turns(self, turns: Sequence[Turn]) -> None:
        """Train other turns."""
        self.mark()
        vars(self.system)["turns"] = tuple(turns)


class _ChangedClips:
    """A clip set with other batches; everything else is that of the set."""

    def __init__(self, clips: ClipSet, change: ChangeBatch, mark: Callable[[], None]) -> None:
        self._clips, self._change, self._mark = clips, change, mark

    def __getattr__(self, name: str) -> Any:
        return getattr(self._clips, name)

    def __len__(self) -> int:
        return len(self._clips.ids)

    def batch(self, indices: Sequence[int], random: np.random.Generator) -> Batch:
        """The clips' batch, changed."""
        self._mark()
        return self._change(dict(self._clips.batch(indices, random)), random)
