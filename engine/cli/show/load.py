"""What every command that names a recipe loads first: project, params, recipe."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from attrs import frozen

from engine.project import AS_WRITTEN, Project, find_project, require_git
from engine.recipe import Fault, RecipeError, load_params, load_recipe, resolve_values
from engine.recipe.faults import did_you_mean, listed
from engine.recipe.lineage import plain_recipe, profile_of
from engine.recipe.loss_settings import loss_settings
from engine.recipe.naming import run_name
from engine.recipe.params import Params
from engine.recipe.schema import Recipe
from engine.report.unknown_name import unknown_name
from engine.system_support.discovery import recipe_classes
from engine.tracking.run_command import newest_folder


@frozen
class Loaded:
    """A recipe as this machine runs it."""

    project: Project
    params: Params
    recipe: Recipe
    path: Path
    """The recipe's file: in recipes/, or in the folder of the profile."""
    note: str | None = None
    """A note that the recipe runs as written, where it has no file for the profile."""
    run: Path | None = None
    """The folder of the run or the model that was named, where it is no recipe that was."""

    @property
    def demo_settings(self) -> str | None:
        """How the losses of a demo differ from its recipe's; None if they are the same."""
        if profile_of(self.path) is None:
            return None
        written = load_recipe(plain_recipe(self.path), classes=recipe_classes())
        return loss_settings(self.recipe, written)


def load_project_recipe(name: str, overrides: Sequence[str] = ()) -> Loaded:
    """Load a recipe by name under the profile of params.toml, or by path, in the project here.

    A run with values of its own is found by its name, too. Raises UserError with every fault of
    recipe and params, where there is no such recipe, run or profile, where params.toml lacks the
    recipe's corpus or upstream/ its setup, and where this is not a git checkout.
    """
    project = find_project()
    require_git(project)
    params = load_params(project.params)
    path = project.recipe(name, params.profile)
    run = None if path.is_file() or run_name(name) else newest_folder(project, name)
    unknown = None if path.is_file() or run else unknown_name(project, name, or_recipe=True)
    if unknown is not None:
        raise unknown
    path = path if run is None else run / "recipe.toml"
    recipe = load_recipe(path, classes=recipe_classes(), overrides=overrides)
    faults = upstream_faults(recipe, path, project, overrides)
    if faults:
        raise RecipeError(faults)
    params.corpus(recipe.dataset.corpus)
    plain = path == Path(name) or run is not None
    note = None if plain else note_as_written([path], params.profile)
    return Loaded(project, params, recipe, path, note, run)


def note_as_written(paths: Iterable[Path], profile: str) -> str | None:
    """A note that names the recipes, by file, that have none for the profile."""
    missing = [path for path in paths if profile_of(path) is None]
    if profile == AS_WRITTEN or not missing:
        return None
    if len(missing) == 1:
        file = missing[0]
        return f"note: recipes/{profile} has no {file.name}: {file.stem} runs as written"
    return (
        f"note: {len(missing)} recipes have no file in recipes/{profile} and run as written "
        f"('{AS_WRITTEN}' above)"
    )


def upstream_faults(
    recipe: Recipe, path: Path, project: Project, overrides: Sequence[str] = ()
) -> list[Fault]:
    """The fault that the published setup a recipe follows is not in upstream/."""
    name = recipe.upstream
    if name is None or project.upstream(name).is_file():
        return []
    there_are = sorted(file.stem for file in project.upstream(name).parent.glob("*.toml"))
    near = f"{did_you_mean(name, there_are)} (there are: {listed(there_are)})"
    layer = resolve_values(path, overrides)
    return [layer.fault(("upstream",), f"there is no upstream/{name}.toml{near}")]
