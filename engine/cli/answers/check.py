"""`cantus.check/1`: recipes with their identities, and every fault."""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from engine.cli.answers.answer import Answer, entry
from engine.cli.answers.error import FaultFound


@frozen(kw_only=True)
class CheckedRecipe:
    """A recipe without faults, by the file that the profile of params.toml selects."""

    name: str = entry("its name")
    system: str = entry("its model family")
    profile: str = entry("the profile of its file; full where the recipe runs as written")
    identity: str = entry("digits over all values that affect training")
    file: str = entry("the recipe's file")
    values: Mapping[str, Any] | None = entry("every value, defaults filled in; null without -v")


@frozen(kw_only=True)
class CheckAnswer(Answer):
    """What `cantus check --json` prints. With a fault, the exit code is 2."""

    SCHEMA = "cantus.check/1"

    profile: str = entry("the profile of params.toml")
    recipes: tuple[CheckedRecipe, ...] = entry("the recipes without faults")
    faults: tuple[FaultFound, ...] = entry("every fault of recipes and params.toml")
    stale_pipeline: str | None = entry("why dvc.yaml is out of date; null where it is not")
