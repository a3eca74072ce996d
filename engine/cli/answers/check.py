"""`cantus.check/1`: recipes with their identities, and every fault."""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from engine.cli.answers.answer import Answer
from engine.cli.answers.error import FaultFound


@frozen(kw_only=True)
class CheckedRecipe:
    """A recipe without faults, by the file that the profile of params.toml selects."""

    name: str
    """Name of the recipe."""
    system: str
    """Model family."""
    profile: str
    """The profile of its file; full where the recipe runs as written."""
    identity: str
    """Digits over all values that affect training."""
    file: str
    """The recipe's file."""
    values: Mapping[str, Any] | None
    """Every value, defaults filled in; null without -v."""


@frozen(kw_only=True)
class CheckAnswer(Answer):
    """What `cantus check --json` prints. With a fault, the exit code is 2."""

    SCHEMA = "cantus.check/1"

    profile: str
    """The profile of params.toml."""
    recipes: tuple[CheckedRecipe, ...]
    """The recipes without faults."""
    faults: tuple[FaultFound, ...]
    """Every fault of recipes and params.toml."""
    stale_pipeline: str | None
    """Why dvc.yaml is out of date; null where it is not."""
