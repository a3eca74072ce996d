"""A trained model by its recipe's name, as commands are given it."""

from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

from attrs import frozen

from engine.errors import UserError
from engine.files.nearest import suggestion
from engine.project import Project
from engine.recipe import Recipe, RecipeError, load_recipe
from engine.system_support.discovery import recipe_classes
from engine.tracking.run_command import how_to_train, is_without_step, newest_folder

R = TypeVar("R", bound=Recipe)


@frozen
class TrainedModel(Generic[R]):
    """The folder of a trained model, and the recipe that it was trained by."""

    folder: Path
    recipe: R

    @property
    def export(self) -> Path:
        """The folder of what other tools read."""
        return self.folder / "export"


def trained_model(
    project: Project, name: str, kind: type[R], exported: str, what: str, hint: str
) -> TrainedModel[R]:
    """Find a trained model of one system.

    `exported` is a pattern of the file in its export folder that a trained model has, `what` says
    what such a model is ("codec"), `hint` how one that is no recipe's is named. Raises UserError
    where there is no such recipe, it is of another system, or it is not trained; then the sentence
    names those that are.
    """
    kept, given = project.model(name) / "recipe.toml", project.recipe(name)
    if not (kept.is_file() or given.is_file()):
        if newest_folder(project, name) is not None:
            raise UserError(_unfinished(project, name))
        near = suggestion(name, [path.stem for path in project.recipes.glob("*.toml")])
        raise UserError(f"There is no recipe '{name}'.{near} ({hint[:1].upper()}{hint[1:]}.)")
    recipe = load_recipe(kept if kept.is_file() else given, classes=recipe_classes())
    if not isinstance(recipe, kind):
        raise UserError(f"'{name}' is not a {what}: its recipe is of the system '{recipe.system}'.")
    if _is_exported(project, name, exported):
        return TrainedModel(project.model(name), recipe)
    trained = _all_trained(project, kind, exported)
    others = f"Trained: {', '.join(trained)}." if trained else f"No {what} is trained yet."
    raise UserError(f"'{name}' is not trained: run '{how_to_train(project, name)}' first. {others}")


def _unfinished(project: Project, name: str) -> str:
    """Why a run with a name of its own has no model, and what to do."""
    if is_without_step(project, name):
        return f"Run '{name}' ended before step 1: cantus why {name}"
    return f"Run '{name}' has no model yet; go on with it: {how_to_train(project, name)}"


def _all_trained(project: Project, kind: type[Recipe], exported: str) -> list[str]:
    """The names of a system's trained models. One whose recipe no longer loads is left out."""
    names = []
    for place in sorted(project.model("any").parent.glob("*/recipe.toml")):
        with suppress(RecipeError):
            recipe = load_recipe(place, classes=recipe_classes())
            if isinstance(recipe, kind) and _is_exported(project, place.parent.name, exported):
                names.append(place.parent.name)
    return names


def _is_exported(project: Project, name: str, exported: str) -> bool:
    return any((project.model(name) / "export").glob(exported))
