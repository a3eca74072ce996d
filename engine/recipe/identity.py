"""A run's identity: twelve digits that change if, and only if, its training may change."""

import hashlib
import json

from engine.recipe.plain import to_plain
from engine.recipe.schema import Recipe

_NUM_DIGITS = 12


def recipe_identity(recipe: Recipe, **context: str | int) -> str:
    """12 hex digits over what counts in a resolved recipe, and over the context of a run.

    SHA-256 of canonical JSON. The context is all that the recipe does not hold: the seed, the
    corpus's digest, the parent's checkpoint.
    """
    content = {"recipe": to_plain(recipe, identity_only=True), "context": context}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()[:_NUM_DIGITS]
