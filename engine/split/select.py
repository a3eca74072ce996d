"""The clips of a recipe: frozen by name, inherited from the parent, or by the recipe's own split.

Any system whose dataset table inherits `engine.recipe.dataset.CorpusClips` calls it. No torch.
"""

from collections.abc import Sequence

import numpy as np
from attrs import evolve

from engine.corpus.table.manifest import Clip
from engine.errors import UserError
from engine.evaluation.clip_table import ClipTable, read_clip_table
from engine.evaluation.digests import keys, rows_among
from engine.evaluation.sound.landmarks import Fingerprints
from engine.project import Project
from engine.recipe.dataset import CorpusClips
from engine.recipe.schema import Recipe
from engine.split.columns import SplitColumns, columns_of
from engine.split.split_clips import Split, split_around, split_clips
from engine.tracking.run_command import how_to_train


def choose_clips(
    recipe: Recipe,
    project: Project,
    clips: Sequence[Clip],
    seed: int,
    fingerprints: Fingerprints | None = None,
) -> Split:
    """Choose what `recipe` learns from and is evaluated on among the clips of its corpus.

    `dataset.evaluation` names a frozen set, every clip of which must be there. A phase is evaluated
    on what there is of its parent's set, unless start.evaluation = 'own'; what of it is there is
    never trained on. Clips are known by their audio, whatever they are called; where their
    `fingerprints` are given, by their sound as well. Raises UserError where a frozen clip is
    missing, the parent was never trained, or a set would be empty.
    """
    return choose_rows(recipe, project, columns_of(clips, fingerprints), seed)


def choose_rows(recipe: Recipe, project: Project, columns: SplitColumns, seed: int) -> Split:
    """Choose the rows of a corpus whose columns are given, which several recipes may share."""
    rule: CorpusClips = recipe.dataset
    if rule.evaluation is not None:
        return _frozen(rule.evaluation, project, columns, rule)
    if recipe.evaluation_parent is not None:
        return _inherited(recipe.evaluation_parent, project, columns, rule, seed)
    return split_clips(columns, rule, seed)


def _frozen(name: str, project: Project, columns: SplitColumns, rule: CorpusClips) -> Split:
    path, table = project.frozen_evaluation(name), read_frozen_table(name, project)
    rows, missing = _find(table, columns)
    if missing:
        first = ", ".join(missing[:3])
        raise UserError(
            f"{len(missing)} of the {len(table.ids)} frozen evaluation clips of {path} are not in "
            f"corpus '{rule.corpus}' (first: {first}). Put their audio back as it was, or freeze "
            "another set under another name: figures of the two cannot be compared."
        )
    return split_around(columns, rows, rule, f"the {len(rows)} frozen clips of {path.name}")


def _inherited(
    parent: str, project: Project, columns: SplitColumns, rule: CorpusClips, seed: int
) -> Split:
    table = read_parents_table(parent, project)
    rows, missing = _find(table, columns)
    total = len(table.ids)
    if not len(rows):
        own = split_clips(columns, rule, seed)
        how = f"none of the {total} evaluation clips of {parent} is in this corpus, so {own.how}"
        return evolve(own, how=how)
    how = f"the {total} evaluation clips of {parent}, inherited"
    if missing:
        how = (
            f"{len(rows)} of the {total} evaluation clips of {parent}, inherited; the others are "
            f"not in this corpus (first: {', '.join(missing[:3])}), so that figures of {parent} "
            "are of another set and cannot be compared with these"
        )
    return split_around(columns, rows, rule, how)


def read_frozen_table(name: str, project: Project) -> ClipTable:
    """The clips of a frozen evaluation set. Raises UserError where there is none of that name."""
    path = project.frozen_evaluation(name)
    if not path.is_file():
        raise UserError(
            f"dataset.evaluation = '{name}' needs {path}, which does not exist. Write it with: "
            f"cantus pin-eval RECIPE --as {name}"
        )
    return read_clip_table(path)


def read_parents_table(parent: str, project: Project) -> ClipTable:
    """The evaluation clips of a trained recipe. Raises UserError where it was never trained."""
    path = project.evaluation_clips(parent)
    if not path.is_file():
        raise UserError(
            f"start.from = '{parent}' needs {path}, which does not exist. "
            f"Train it first: {how_to_train(project, parent)}"
        )
    return read_clip_table(path)


def _find(table: ClipTable, columns: SplitColumns) -> tuple[np.ndarray, list[str]]:
    """Rows of the table's clips in a corpus, by their audio, and the ids of those that lack."""
    wanted = dict(zip(keys(table.digests), table.ids, strict=True))
    rows = []
    for row, key in rows_among(columns.digests, wanted):
        rows.append(row)
        del wanted[key]  # of several clips with the same audio the first is taken
    return np.array(rows, np.int64), list(wanted.values())
