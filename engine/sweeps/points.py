"""The points of a sweep: a recipe with other values, and the runs of each, one for each seed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import tomli
from attrs import frozen

from engine.errors import UserError
from engine.files.checksum import sha256_of
from engine.project import AS_WRITTEN, Project
from engine.recipe import load_recipe
from engine.recipe.alternatives import instead_of
from engine.recipe.identity import recipe_identity
from engine.recipe.lineage import profile_of
from engine.recipe.schema import Recipe
from engine.runs.staleness import corpus_digest, current_code
from engine.sweeps.choices import Value
from engine.system_support.discovery import recipe_classes

_NUM_DIGITS = 6


@frozen
class Point:
    """A recipe with the values of one point; without any it is the recipe itself."""

    values: Mapping[str, Value]
    fixed: Mapping[str, Value]
    """Values that all points of the sweep have."""
    recipe: Recipe
    digits: str
    """Over all that a run learns from except its seed: values, code, corpus."""

    @property
    def is_base(self) -> bool:
        """Whether it is the recipe that the others are compared with."""
        return not self.values

    @property
    def settings(self) -> Mapping[str, Value]:
        """All that it sets in the recipe."""
        return {**self.fixed, **self.values}

    @property
    def name(self) -> str:
        """The values as a person reads them."""
        if self.values:
            return _in_words(self.values)
        return f"{self.recipe.name} {'with ' + _in_words(self.fixed) if self.fixed else 'as it is'}"

    def experiment(self, seed: int) -> str:
        """The name of the DVC experiment that trains it with a seed."""
        return f"{self.recipe.name}-{self.digits}-seed{seed}"


def _in_words(values: Mapping[str, Value]) -> str:
    return ", ".join(f"{key}={value}" for key, value in values.items())


def points_of(
    path: Path,
    values: Iterable[Mapping[str, Value]],
    project: Project,
    fixed: Mapping[str, Value],
) -> Sequence[Point]:
    """The recipe in `path` with what is fixed, then with the values of each point as well.

    Points that come to the same recipe are one. Raises RecipeError for a value that the recipe
    does not allow, and UserError where DVC cannot set a key.
    """
    found = [_point(path, {}, project, fixed)]
    found += [_point(path, one, project, fixed) for one in values]
    for key in dict.fromkeys(key for point in found for key in point.settings):
        _require_settable(key, path)
    first: dict[str, Point] = {}
    for point in found:
        first.setdefault(point.digits, point)
    return list(first.values())


def _point(
    path: Path, values: Mapping[str, Value], project: Project, fixed: Mapping[str, Value]
) -> Point:
    overrides = [f"{key}={value}" for key, value in {**fixed, **values}.items()]
    recipe = load_recipe(path, classes=recipe_classes(), overrides=overrides)
    return Point(values, fixed, recipe, digits_of(recipe, path, project))


def digits_of(recipe: Recipe, path: Path, project: Project) -> str:
    """Six digits over all that a run of the recipe learns from except its seed."""
    return _identity(recipe, path, project)[:_NUM_DIGITS]


def _identity(recipe: Recipe, path: Path, project: Project) -> str:
    """Over a recipe, its code, its clips, and the recipes whose models it needs."""
    context = {f"code.{name}": digest for name, digest in current_code(project, recipe).items()}
    context["corpus"] = corpus_digest(project, recipe.dataset.corpus) or ""
    pinned = recipe.dataset.evaluation
    if pinned is not None and project.frozen_evaluation(pinned).is_file():
        context["evaluation"] = sha256_of(project.frozen_evaluation(pinned))
    for name in needs(recipe):
        file = _beside(path, name, project)
        needed = load_recipe(file, classes=recipe_classes())
        context[f"model.{name}"] = _identity(needed, file, project)
    return recipe_identity(recipe, **context)


def needs(recipe: Recipe) -> Sequence[str]:
    """The recipes whose models a recipe needs: those that it continues or reads."""
    parent = None if recipe.start is None else recipe.start.from_
    return [*([] if parent is None else [parent]), *recipe.models_read]


def _beside(path: Path, name: str, project: Project) -> Path:
    """The file of another recipe under the profile of this one."""
    return project.recipe(name, profile_of(path) or AS_WRITTEN)


def _require_settable(key: str, path: Path) -> None:
    """Raise UserError where a key in the recipe's own file would mean something else than on top.

    DVC writes values into the file, where `-S` of `cantus train` lays them over it.
    """
    *_, last = key.split(".")
    others = set(_own_table(key, path)) - {last}
    if last == "kind" and others:
        raise UserError(
            f"-S {key}: {path.name} gives {', '.join(sorted(others))} beside it, which belong to "
            "the kind that it has. Write a recipe for each kind with `cantus new`."
        )


def dvc_settings(point: Point, path: Path, seed: int, project: Project) -> Iterator[str]:
    """What `dvc exp run -S` is given: the point's values in the recipe's file, and the seed."""
    file = path.resolve().relative_to(project.root).as_posix()
    for key, value in point.settings.items():
        *table, last = key.split(".")
        for other in instead_of(last) & _own_table(key, path).keys():
            yield f"{file}:~{'.'.join([*table, other])}"
        yield f"{file}:++{key}={value}"
    yield f"params.toml:seed={seed}"


def _own_table(key: str, path: Path) -> Mapping[str, object]:
    """The table around a key, as far as the file itself gives it."""
    table = tomli.loads(path.read_text("utf-8"))
    for word in key.split(".")[:-1]:
        found = table.get(word)
        table = found if isinstance(found, dict) else {}
    return table


def require_pinned(recipe: Recipe, path: Path, project: Project) -> None:
    """Raise UserError where another seed would draw other evaluation clips."""
    if recipe.evaluation_parent is not None:
        file = _beside(path, recipe.evaluation_parent, project)
        require_pinned(load_recipe(file, classes=recipe_classes()), file, project)
        return
    dataset = recipe.dataset
    if dataset.split == "random" and dataset.evaluation is None:
        raise UserError(
            f"{recipe.name} draws its evaluation clips at random, by the seed (dataset.split = "
            "'random'): runs of several seeds could not be compared. Pin them first: cantus "
            f"pin-eval {recipe.name} --as {recipe.name}_set, then add to the recipe's [dataset]: "
            f"evaluation = '{recipe.name}_set'"
        )
