"""The error about a name that nothing has, for every command."""

from engine.errors import UserError
from engine.files.nearest import suggestion
from engine.files.text import visible
from engine.project import Project
from engine.recipe.faults import listed


def unknown_name(project: Project, name: str, *, or_recipe: bool = False) -> UserError | None:
    """The error about an unknown name; None where the name is known, or a path.

    It names the finished runs that may be named instead, with `or_recipe` the recipes as well.
    """
    recipes = names_of_recipes(project)
    models = project.model("any").parent
    runs = {path.name for path in (*models.glob("*/"), *project.runs("any").parent.glob("*/"))}
    if name in recipes | runs or "/" in name or name.endswith(".toml"):
        return None
    finished = sorted(path.parent.name for path in models.glob("*/metrics.json"))
    allowed = sorted({*finished, *(recipes if or_recipe else ())})
    return UserError(
        f"Neither a recipe nor a finished run is called '{visible(name)}'."
        f"{suggestion(name, sorted(recipes | runs))} "
        f"{_to_do(sorted(recipes) if or_recipe else [], finished)} "
        "`cantus status` lists recipes and runs.",
        allowed,
    )


def unknown_recipe(project: Project, name: str) -> str:
    """The sentence about an unknown name where a recipe is meant, and no run would do."""
    known = sorted(names_of_recipes(project))
    return (
        f"There is no recipe called '{visible(name)}'.{suggestion(name, known)} Recipes: "
        f"{listed(known)}"
    )


def names_of_recipes(project: Project) -> set[str]:
    """The names of all recipes, of any profile."""
    return {path.stem for path in project.recipes.rglob("*.toml")}


def _to_do(recipes: list[str], finished: list[str]) -> str:
    runs = f"a finished run: {listed(finished)}"
    if recipes:
        return f"Name a recipe: {listed(recipes)}{f'; or {runs}' if finished else ''}."
    return f"Name {runs}." if finished else "No run has finished yet: start with `dvc repro`."
