"""The commands that train seeds of what a run was trained with.

Seeds are of a recipe. The values of a run with -S are put into a recipe of its own first.
"""

import shlex
from collections.abc import Iterable
from pathlib import Path

from engine.project import Project
from engine.recipe.naming import run_name
from engine.report.run_files import RunFiles
from engine.report.unknown_name import names_of_recipes, unknown_recipe
from engine.tracking.run_command import description, newest_folder


def how_to_repeat(runs: Iterable[RunFiles]) -> str:
    """The commands for several runs, each of them once, as a sentence lists them."""
    return "; ".join(dict.fromkeys(_commands(run.recipe.name, run.folder) for run in runs))


def why_no_seeds(project: Project, name: str) -> str | None:
    """Why there can be no seeds of what is called `name`; None where it is a recipe, or a path."""
    if name in names_of_recipes(project) or "/" in name or name.endswith(".toml"):
        return None
    folder = None if run_name(name) else newest_folder(project, name)
    if folder is None:
        return unknown_recipe(project, name)
    about = description(folder)
    of, values = about.get("of"), "".join(f" -S {one}" for one in about.get("overrides", ()))
    if of is None:
        return f"{name} is a run whose recipe is gone: there is no recipes/{name}.toml"
    with_values = f" with{values}" if values else ""
    return (
        f"{name} is a run of {of}{with_values}, and seeds are of a recipe. To train them: "
        f"{_commands(name, folder)}"
    )


def _commands(name: str, folder: Path) -> str:
    about = description(folder)
    of, overrides = str(about.get("of", name)), tuple(map(str, about.get("overrides", ())))
    if not overrides:
        return f"cantus seeds {of}"
    own = name.replace("+", "_") if "+" in name else f"{name}_recipe"
    words = ["cantus", "new", own, "--from", of]
    words += [word for one in overrides for word in ("-S", one)]
    return f"{shlex.join(words)}, then cantus seeds {own}"
