"""A run's identity: all that its digits cover, and how two identities differ."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import asdict, frozen

from engine.errors import UserError
from engine.evaluation.unit import Unit
from engine.files.checksum import digest_of
from engine.files.source_code import digest_of_code
from engine.files.untrusted import read_json_object
from engine.recipe import recipe_identity, to_plain
from engine.recipe.code import training_code
from engine.recipe.diff import diff_recipes
from engine.recipe.schema import Recipe
from engine.runs.initial_weights import InitialWeights
from engine.tracking.run_command import DESCRIPTION
from engine.training.system import System

_NAMED = 3
"""Keys or modules that a sentence names before it counts the rest."""


@frozen(kw_only=True)
class Identity:
    """All that decides what a run learns and measures."""

    digits: str
    """Twelve hex digits over all of it: the name of the run's folder."""
    settings: Mapping[str, Any]
    """The recipe with every value filled in, without settings that do not affect learning."""
    seed: int
    data: str
    """Digest of the corpus as the recipe uses it."""
    training_set: str
    """Digest of the clips that are trained on."""
    evaluation_set: str
    """Digest of the evaluation clips and of how they are cut."""
    code: Mapping[str, str]
    """Digest of each module that counts, and the version of each library that does."""
    units: str
    """Digest of how each metric is measured: programs, versions, weights, resamplers, clips."""
    parent: str
    """Digest of the initial weights; empty where they are drawn at random."""

    def plain(self) -> dict[str, Any]:
        """The identity as plain values, as `run.json` keeps them."""
        return asdict(self)

    def differences(self, other: Mapping[str, Any]) -> str:
        """What differs from another run's identity, as its `plain` gave it, in words."""
        parts = [
            _named("recipe", [c.path for c in diff_recipes(self.settings, other["settings"])]),
            _named("code", sorted(_changed(self.code, other["code"]))),
        ]
        alike = {"seed": "seed", "data": "data", "training_set": "training clips"}
        alike |= {"evaluation_set": "evaluation clips", "parent": "initial weights"}
        alike |= {"units": "how metrics are measured (judges, versions, clips that they score)"}
        parts += [words for key, words in alike.items() if getattr(self, key) != other[key]]
        return ", ".join(filter(None, parts))


def identify(recipe: Recipe, seed: int, system: System, parent: InitialWeights | None) -> Identity:
    """The identity of the run that trains this recipe on these clips from these weights."""
    code = training_code(recipe)
    covered: dict[str, Any] = {
        "seed": seed,
        "data": system.data_digest,
        "evaluation_set": system.evaluation_set,
        "training_set": hashlib.sha256(system.train_clips.digests.tobytes()).hexdigest(),
        "parent": parent.digest if parent else "",
        "units": _units_digest(system.metric_units),
    }
    return Identity(
        digits=recipe_identity(recipe, **covered, code=digest_of_code(code)),
        settings=to_plain(recipe, identity_only=True),
        code=code,
        **covered,
    )


def _units_digest(units: Mapping[str, Unit]) -> str:
    return digest_of(sorted([name, unit.digest] for name, unit in units.items()))


def differences_from(run: Path, identity: Identity) -> str:
    """What differs between a run's folder and an identity, in a sentence."""
    try:
        covered = read_json_object(run / DESCRIPTION)["covers"]
        found = identity.differences(covered)
    except (UserError, KeyError, TypeError):
        return f"{run / DESCRIPTION} does not record what the run covers."
    return f"What differs: {found or 'the version of the file format'}."


def _changed(ours: Mapping[str, str], theirs: Mapping[str, str]) -> set[str]:
    return {name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)}


def _named(what: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{what} ({', '.join(names[:_NAMED])}{more})"
