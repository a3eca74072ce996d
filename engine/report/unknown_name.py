"""The sentence about a name that nothing has, for every command."""

from engine.files.nearest import suggestion
from engine.files.text import visible
from engine.project import Project
from engine.recipe.faults import listed


def unknown_name(project: Project, name: str) -> str | None:
    """The sentence about an unknown name; None where the name is known, or a path."""
    recipes = names_of_recipes(project)
    models = project.model("any").parent
    runs = {path.name for path in (*models.glob("*/"), *project.runs("any").parent.glob("*/"))}
    if name in recipes | runs or "/" in name or name.endswith(".toml"):
        return None
    finished = sorted(path.parent.name for path in models.glob("*/metrics.json"))
    return (
        f"Neither a recipe nor a finished run is called '{visible(name)}'."
        f"{suggestion(name, sorted(recipes | runs))} Finished runs: "
        f"{listed(finished) if finished else 'none yet, start with `dvc repro`'}. "
        "`cantus status` lists recipes and runs."
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
