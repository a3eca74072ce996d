"""The files of a finished run's measurements."""

import math
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from attrs import frozen

from engine.errors import UserError
from engine.evaluation.clip_table import ClipTable, read_clip_table
from engine.evaluation.digests import keys
from engine.evaluation.unit import Unit
from engine.evaluation.unit_facts import SCALE, UNITS, described
from engine.files.untrusted import as_user_error, read_json_object
from engine.recipe.diff import leaves
from engine.recipe.schema import Recipe


@frozen(slots=False)
class RunFiles:
    """A finished run: its name in sentences, its folder, and its recipe as it was trained."""

    name: str
    folder: Path
    """`models/<recipe>`, or `model/` of a run's folder."""
    recipe: Recipe
    seeds: tuple["RunFiles", ...] = ()
    """Runs of the same recipe with other seeds, itself among them, where there are several."""
    num_stopped: int = 0
    """Seeds of the same recipe that a guard stopped, which have no figures."""
    remarks: tuple[str, ...] = ()
    """What to know of the recipe's seeds, each a sentence without its full stop: those that guards
    stopped, and those that are there and are not of this run's recipe."""

    @property
    def of_seeds(self) -> tuple["RunFiles", ...]:
        """The runs of the recipe, one for each seed; this run alone where there are no others."""
        return self.seeds or (self,)

    @cached_property
    def figures(self) -> Mapping[str, Any]:
        """The metrics file as values by dotted path. Raises UserError where it cannot be read."""
        file = self.folder / "metrics.json"
        if not file.is_file():
            raise UserError(
                f"{self.name} is not a finished run: {file} is missing. Train it first."
            )
        return leaves(read_json_object(file))

    @cached_property
    def tables(self) -> Mapping[str, ClipTable]:
        """Figures of each clip by the table's name; `clips` is that of the evaluation set.

        Clips are sorted by their digests and ids, whatever their order in the file. Raises
        UserError where a file is damaged.
        """
        files = sorted((self.folder / "evaluation").glob("*.tsv"))
        return {file.stem: _sorted(read_clip_table(file)) for file in files}

    def result(self, metric: str) -> float | None:
        """The value of a metric (`eval/mel_ce`); None where it is missing or not finite."""
        value = self.figures.get(metric.replace("/", "."))
        if not isinstance(value, int | float) or isinstance(value, bool):
            return None
        return value if math.isfinite(value) else None

    def unit(self, metric: str) -> Unit | str | None:
        """The unit of a metric (`eval/mel_ce`), or its digest alone; None where it is not known.

        Raises UserError where the file is damaged.
        """
        name = metric.partition("/")[2].replace("/", ".")
        with as_user_error(f"{self.folder / 'metrics.json'} is damaged: a unit cannot be read."):
            return described(self.figures.get(f"{SCALE}.{name}"), self._units)

    @cached_property
    def _units(self) -> Any:
        return read_json_object(self.folder / "metrics.json").get(UNITS)

    @property
    def evaluation_set(self) -> str | None:
        """The digest of the evaluation clips and of how they are cut; None where unknown."""
        digest = self.figures.get("evaluation_set")
        return digest if isinstance(digest, str) and digest else None


def _sorted(table: ClipTable) -> ClipTable:
    digests = keys(table.digests)
    rows = sorted(range(len(digests)), key=lambda row: (digests[row], table.ids[row]))
    figures = {name: values[rows] for name, values in table.figures.items()}
    ids = tuple(table.ids[row] for row in rows)
    return ClipTable(ids, table.digests[rows], figures, table.units)
