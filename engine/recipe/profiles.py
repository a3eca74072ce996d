"""Profiles: named overlays in the recipe's own file."""

from engine.recipe.faults import RecipeError, did_you_mean, listed
from engine.recipe.layers import Layer, merge
from engine.recipe.size import MAX_PROFILES

AS_WRITTEN = "full"
"""The profile that is the recipe as written; it needs no table."""


def profile_names(document: Layer) -> tuple[str, ...]:
    """The profiles a document can be laid out in, the recipe as written first.

    Raises RecipeError where `profile` is no table of tables or redefines the recipe as written.
    """
    profiles = document.values.get("profile", {})
    if not isinstance(profiles, dict):
        raise RecipeError(
            [document.fault(("profile",), "expected tables, as [profile.demo.training]")]
        )
    faults = [
        document.fault(("profile", name), "expected a table, as [profile.demo.training]")
        for name, overlay in profiles.items()
        if not isinstance(overlay, dict)
    ]
    if AS_WRITTEN in profiles:
        problem = (
            "'full' is the recipe as written and has no table; write its values into the recipe"
        )
        faults.append(document.fault(("profile", AS_WRITTEN), problem))
    if len(profiles) > MAX_PROFILES:
        faults = [document.fault(("profile",), f"more than {MAX_PROFILES} profiles")]
    if faults:
        raise RecipeError(faults)
    return (AS_WRITTEN, *profiles)


def with_profile(document: Layer, profile: str) -> Layer:
    """The document with one profile laid over it. Raises RecipeError where it has none so named."""
    names = profile_names(document)
    if profile not in names:
        problem = (
            f"no profile '{profile}'{did_you_mean(profile, names)} (there are: {listed(names)})"
        )
        raise RecipeError([document.fault((), problem)])
    base = document.without("profile")
    return base if profile == AS_WRITTEN else merge(base, document.table(("profile", profile)))
