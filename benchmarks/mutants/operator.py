"""A fault as data: what somebody did, who reported it, and which sentences name it rightly."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from attrs import field, frozen

from benchmarks.mutants.anatomy import Anatomy
from benchmarks.mutants.workbench import Workbench

ChangeCode = Callable[[Workbench], None]
ChangeRecipe = Callable[[Anatomy], str]
"""The lines of a recipe that extends the healthy one."""
ChangeData = Callable[[Path, np.random.Generator], None]
"""Changes a folder of audio, with its table, before it is ingested."""
Kind = Literal["code", "recipe", "data"]
Phase = Literal["first", "second"]

_NEEDS: Mapping[str, str] = {
    "audio": "its batches have no waveform",
    "conditioning": "it is given no voice",
    "text": "it is given no text",
    "codes": "it predicts no tokens",
    "codebook": "it trains no quantizer",
    "discriminator": "it has no discriminator",
    "has_pitch": "it is given no pitch",
    "has_dropout": "it has no dropout",
    "has_batch_norm": "it has no batch normalization",
    "speakers_matter": "it does not use the table's speakers",
}


@frozen(kw_only=True)
class Operator:
    """One way to break a training setup."""

    name: str
    family: str
    """The part of a setup that is broken: what a diagnosis has to find."""
    mistake: str
    """What a person did, in a sentence."""
    reference: str
    """Where that was reported: a repository's issue (#) or pull request (!), a write-up."""
    code: ChangeCode | None = None
    recipe: ChangeRecipe | None = None
    data: ChangeData | None = None
    named_by: Sequence[str] = ()
    """Regular expressions: a finding names the right cause where one is found in it."""
    needs: Sequence[str] = ()
    """The parts of a system's anatomy that it breaks."""
    unfit: Mapping[str, str] = field(factory=dict)
    """Further systems to which it cannot be applied, with why."""
    phase: Phase = "first"
    """Whether it breaks a first phase, or one that goes on with a parent's weights."""
    unseen: bool = False
    """Whether its results are those of checks that were there before it."""

    @property
    def kind(self) -> Kind:
        """Part of a setup that is changed."""
        return "code" if self.code else "recipe" if self.recipe else "data"

    def why_not(self, system: str, anatomy: Anatomy) -> str | None:
        """Why it cannot be applied to a system, or None."""
        if system in self.unfit:
            return self.unfit[system]
        missing = [need for need in self.needs if not getattr(anatomy, need)]
        return _NEEDS[missing[0]] if missing else None
