"""Which published files a recipe reads, and in a sentence those that it lacks."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from engine.errors import UserError
from engine.fetch.catalogue import read_catalogue
from engine.fetch.published import find_all_weights
from engine.project import Project
from engine.recipe import to_plain
from engine.recipe.schema import Recipe
from engine.system_support.discovery import part_of

_FOLDER = "published"


def published_files(recipe: Recipe, project: Project) -> Sequence[Path]:
    """The published files that the recipe's features depend on; none for most recipes.

    Raises UserError where one is missing.
    """
    module = part_of(type(recipe), "prepare")
    paths: Sequence[Path] = [] if module is None else module.published_files(recipe, project)
    return paths


def lacking_published(recipe: Recipe, project: Project) -> str | None:
    """What the recipe cannot start without, or what is wrong with it; None where it has all."""
    try:
        files = [*published_files(recipe, project)]
        files += find_all_weights(recipe.published_weights, project)
        if all(path.is_file() for path in files):
            return None
        error = f"{next(path for path in files if not path.is_file())} does not exist."
    except UserError as refused:
        error = str(refused)
    missing = list(dict.fromkeys(_missing(to_plain(recipe), project.root)))
    if not missing:
        return f"{recipe.name}: {error}"
    verb = "which is missing" if len(missing) == 1 else "which are missing"
    return f"{recipe.name} reads {', '.join(missing)}, {verb}: {_way_out(missing)}"


def require_published(recipe: Recipe, project: Project) -> None:
    """Raise UserError where the recipe lacks published files."""
    lacking = lacking_published(recipe, project)
    if lacking:
        raise UserError(lacking)


def _missing(value: Any, root: Path) -> Iterator[str]:
    """Paths below published/ that a recipe's values name and that do not exist: folders, files."""
    if isinstance(value, dict):
        for one in value.values():
            yield from _missing(one, root)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _missing(one, root)
    elif isinstance(value, str) and value.startswith(f"{_FOLDER}/"):
        name = value.split("/")[1]
        if not (root / value).exists():
            yield f"{_FOLDER}/{name}" if name in read_catalogue() else value


def _way_out(missing: list[str]) -> str:
    names = [path.split("/")[1] for path in missing]
    known = [f"cantus fetch {name}" for name in names if name in read_catalogue()]
    said = [" && ".join(known)] if known else []
    said += [f"put {name} there" for name in missing if name.split("/")[1] not in read_catalogue()]
    return "; ".join(said)
