"""Keeps what runs measured: their small files, not their weights.

Those of experiments are in DVC's cache, those of a recipe's seeds in models/.
"""

import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from engine.errors import UserError
from engine.files.atomic import new_folder
from engine.project import Project
from engine.report.run_files import RunFiles
from engine.system_support.finished_run import run_files

MEASURED = ("metrics.json", "recipe.toml", "run.json")
"""What a model's folder holds of its evaluation, besides the tables below `TABLES`."""
TABLES = "evaluation"


def collect(project: Project, recipe: str, commits: Mapping[str, str], folder: Path) -> list[str]:
    """Put the files of experiments, by name and commit, into `folder`; return what is lacking.

    What is there already is not fetched again.
    """
    lacking = []
    for name, commit in commits.items():
        if not (folder / name / "metrics.json").is_file():
            try:
                _fetch(project, f"models/{recipe}", commit, folder / name)
            except UserError as error:
                lacking.append(f"{name}: {error}")
    return lacking


def runs_in(folder: Path, names: Mapping[str, int]) -> Mapping[int, RunFiles]:
    """The finished runs in a folder, by seed; `names` are their experiments."""
    return {
        seed: run_files(name, folder / name)
        for name, seed in names.items()
        if (folder / name / "metrics.json").is_file()
    }


def keep_measured(model: Path, to: Path) -> None:
    """Copy what a finished model measured into a folder, which is whole or not there."""
    with new_folder(to) as folder:
        (folder / TABLES).mkdir()
        for name in MEASURED:
            shutil.copy2(model / name, folder / name)
        for table in (model / TABLES).glob("*.tsv"):
            shutil.copy2(table, folder / TABLES / table.name)


def _fetch(project: Project, model: str, commit: str, to: Path) -> None:
    """Raises UserError where the experiment's model is not in DVC's cache."""
    from dvc.api import DVCFileSystem  # two seconds to import
    from dvc.exceptions import DvcException

    part = to.with_name(f"{to.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    (part / TABLES).mkdir(parents=True)
    try:
        files = DVCFileSystem(str(project.root), rev=commit)
        for name in MEASURED:
            with suppress(FileNotFoundError):  # an export or a judge's table need not be there
                files.get_file(f"{model}/{name}", str(part / name))
        for table in files.glob(f"{model}/{TABLES}/*.tsv"):
            files.get_file(table, str(part / TABLES / Path(table).name))
    except (DvcException, OSError) as error:
        shutil.rmtree(part)
        raise UserError(f"its model is not in DVC's cache: {error}") from error
    part.rename(to)
