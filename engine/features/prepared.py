"""What a stage leaves for training: `build/prepared/<recipe>`, which DVC keeps and carries."""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from attrs import frozen

from engine.evaluation.ids import as_bytes
from engine.features.cache import Features, checksum_path
from engine.files.atomic import replace_folder
from engine.files.lock import locked
from engine.files.text import visible
from engine.project import Project
from engine.recipe.schema import Recipe

CLIPS_FILE = "clips.tsv"
QUARANTINE_FILE = "quarantined.tsv"


@frozen
class Table:
    """Rows of plain cells below their titles."""

    titles: Sequence[str]
    rows: Sequence[Sequence[str]]


@frozen(kw_only=True)
class Prepared:
    """What a system made of a recipe's corpus before training, for people; files are beside it."""

    clips: Table
    """Every clip that is used, and how. The first cell is its id."""
    quarantined: Table
    """Every other clip of the corpus: id, reason, what was found, and more."""
    figures: Sequence[tuple[str, str]]
    """Facts about the features in a few lines: (subject, figures)."""


def features_of(recipe: Recipe, project: Project) -> Features:
    """Where the features of a recipe are: prepared for any recipe, else in build/features.

    A file has digits of all that it depends on, so that those of another recipe serve as well: of
    its parent, or of the recipe that a run of other values is one of.
    """
    own = project.prepared(recipe.name)
    others = (path for path in sorted(own.parent.glob("[!.]*")) if path.is_dir() and path != own)
    return Features(project.features, [own, *others])


def write_prepared(prepared: Prepared, features: Features, recipe: str, project: Project) -> Path:
    """Put the tables and the files that were used into `build/prepared/<recipe>`.

    It is written beside and renamed: a kill at any instant leaves nothing half. Raises UserError
    where another process is at it.
    """
    place = project.prepared(recipe)
    busy = f"Another process is preparing {recipe}. Wait for it, or stop it."
    with locked(project.features / recipe, busy):
        beside = place.with_name(f".{recipe}.partial")
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir(parents=True)
        try:
            _write_table(beside / CLIPS_FILE, prepared.clips)
            _write_table(beside / QUARANTINE_FILE, prepared.quarantined)
            for path in dict.fromkeys(features.used):
                shutil.copy2(path, beside / path.name)
                shutil.copy2(checksum_path(path), beside / checksum_path(path).name)
            replace_folder(beside, place)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    return place


def _write_table(path: Path, table: Table) -> None:
    """Tab-separated; what cannot be seen, tabs and line ends among it, is written as escapes."""
    lines = ("\t".join(visible(cell) for cell in row) for row in _all_rows(table))
    path.write_bytes(as_bytes("".join(f"{line}\n" for line in lines)))


def _all_rows(table: Table) -> Iterable[Sequence[str]]:
    yield table.titles
    yield from table.rows
