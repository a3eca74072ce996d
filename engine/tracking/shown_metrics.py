"""metrics/<recipe>.json: the figures of a result that DVC shows, under short names.

`dvc metrics show` makes a column of every value in the file, so the file has few, and a row fits
into a terminal. After them a list, which DVC ignores, holds the figures of which `dvc metrics diff`
shows a dozen, with their units. All metrics are in models/<recipe>/metrics.json.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

from engine.evaluation.unit import Unit
from engine.evaluation.unit_facts import SCALE, UNITS, described
from engine.files.atomic import write_atomically
from engine.files.untrusted import as_user_error
from engine.recipe.diff import leaves
from engine.recipe.metric_names import direction_of
from engine.recipe.schema import Recipe
from engine.tracking.numbered import is_numbered

_MEASURED = "measured"
MOST = 12
"""Figures that a table shows."""
KEPT = 36
"""Figures that are stored: more than are shown, so that recipes share many of them."""
_MOST_IN_ROW = 7
_WIDTH = 119
_LONGEST = 14
"""Longest name in a row, in characters."""
_DIGITS = 8
_GAP = 4
"""Spaces between two columns of DVC."""
_COUNTS = {"clips", "codes", "frames", "listeners", "speakers"}
"""Last parts of names of counts, over which figures are means."""
_RESULT, _LISTENING = "eval/", "listening/"


@frozen
class Measured:
    """The important figures of a result, with their evaluation set and units."""

    figures: Mapping[str, float]
    """Figures by short name (`mel_ce`, `speech.wer`), the most important first."""
    step: int | None = None
    """Step of the evaluation."""
    evaluation_set: str | None = None
    """Digest of the evaluation clips; None where unknown."""
    units: Mapping[str, Unit | str] = field(factory=dict)
    """The units of figures; digests alone in a file that does not say what they stand for."""

    def unit_digest(self, name: str) -> str | None:
        """The digest of a figure's unit; None where it is not known."""
        unit = self.units.get(name)
        return unit.digest if isinstance(unit, Unit) else unit


def select(metrics: Mapping[str, Any], recipe: Recipe, most: int = KEPT) -> Measured:
    """Pick from all metrics of a result (`eval/mel_ce`) the important ones.

    First the metric that picks the best, then those that the recipe expects or guards, those of
    listeners and judges, and the rest in the system's order, those with a direction first.
    """
    names = [name for name in _in_order(metrics, recipe) if _is_figure(metrics.get(name))][:most]
    figures = {short_name(name): float(metrics[name]) for name in names}
    digests = {name: metrics.get(f"{SCALE}/{name.replace('.', '/')}") for name in figures}
    units = {digest: metrics.get(f"{UNITS}/{digest}") for digest in digests.values()}
    known = {name: unit for name in figures if (unit := described(digests[name], units))}
    return Measured(figures, metrics.get("step"), metrics.get("evaluation_set"), known)


def write_shown(path: Path, measured: Measured) -> None:
    """Write the file that DVC shows. It has no time: same figures, same bytes."""
    row: dict[str, Any] = dict(_row(path, measured))
    row[SCALE] = _scale(measured, row)
    if measured.step is not None:
        row["step"] = measured.step
    behind = {
        "evaluation_set": measured.evaluation_set,
        "figures": dict(measured.figures),
        "units": {name: measured.unit_digest(name) for name in measured.units},
        "described": {
            unit.digest: unit.plain for unit in measured.units.values() if isinstance(unit, Unit)
        },
    }
    write_atomically(path, json.dumps(row | {_MEASURED: [behind]}, indent=2) + "\n")


def read_shown(path: Path) -> Measured:
    """Read a file of `write_shown`, or of an older Cantus, which wrote all metrics there.

    Raises UserError where the file is damaged.
    """
    with as_user_error(f"{path} cannot be read.", OSError):
        content = path.read_bytes()
    return parse_shown(content, path)


def parse_shown(content: bytes, file: object) -> Measured:
    """Parse the content of a file as `read_shown` does."""
    with as_user_error(f"{file} is damaged: it does not hold metrics as Cantus writes them."):
        values = json.loads(content)
        measured = _behind(values) if _MEASURED in values else _older(values)
        wrong = [name for name in measured.figures if not re.fullmatch(r"[A-Za-z0-9_.-]+", name)]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is no metric")
        return measured


def as_groups(content: bytes, file: object) -> dict[str, Any]:
    """The whole content of a metrics file, by group, as in models/<recipe>/metrics.json.

    Raises UserError where the file is damaged.
    """
    with as_user_error(f"{file} is damaged: it does not hold metrics."):
        values: dict[str, Any] = {**json.loads(content)}
    if _MEASURED not in values:
        return values
    found = parse_shown(content, file)
    digests = {name: found.unit_digest(name) for name in found.units}
    units = {one.digest: one.plain for one in found.units.values() if isinstance(one, Unit)}
    groups: dict[str, Any] = {"eval": dict(found.figures), SCALE: digests, UNITS: units}
    step = {} if found.step is None else {"step": found.step}
    return groups | {"evaluation_set": found.evaluation_set} | step


def _in_order(metrics: Mapping[str, Any], recipe: Recipe) -> Iterator[str]:
    relied_on = {metric for _, metric in recipe.named_metrics()}
    known = dict.fromkeys([recipe.training.best, *recipe.metrics, *sorted(relied_on)])
    named = [name for name in known if name in relied_on]
    judged = [name for name in recipe.metrics if name.startswith(f"{_RESULT}judged/")]
    listening = sorted(name for name in metrics if name.startswith(_LISTENING))
    rest = [*recipe.metrics, *sorted(metrics)]
    directed = [name for name in rest if direction_of(name, recipe) is not None]
    for name in dict.fromkeys([*named, *listening, *judged, *directed, *rest]):
        if name.startswith((_RESULT, _LISTENING)) and (name in named or _matters(name)):
            yield name


def _row(path: Path, measured: Measured) -> Iterator[tuple[str, float]]:
    """The first figures that fit into a row of `dvc metrics show`."""
    left = _WIDTH - len(f"{path.parent.name}/{path.name}") - 2 * _GAP - len("step") - _DIGITS
    num_left = _MOST_IN_ROW
    for name, value in measured.figures.items():
        width = _GAP + max(len(name), len(f"{value:.5g}"))
        if num_left and width <= left and len(name) <= _LONGEST:
            left, num_left = left - width, num_left - 1
            yield name, value


def _behind(content: Mapping[str, Any]) -> Measured:
    """The list after the row."""
    (behind,) = content[_MEASURED]
    figures = {name: float(value) for name, value in behind["figures"].items()}
    table = behind.get("described")
    units = {n: unit for n, digest in behind["units"].items() if (unit := described(digest, table))}
    return _checked(content, figures, behind["evaluation_set"], units)


def _checked(
    content: Mapping[str, Any],
    figures: Mapping[str, float],
    clips: object,
    units: Mapping[str, Unit | str],
) -> Measured:
    step = content.get("step")
    return Measured(
        figures,
        step if isinstance(step, int) else None,
        clips if isinstance(clips, str) and clips else None,
        units,
    )


def _scale(measured: Measured, row: Iterable[str]) -> str:
    """A digest of a row's clips and units: rows with the same one can be compared."""
    if measured.evaluation_set is None:
        return "unknown"
    units = [measured.unit_digest(name) for name in sorted(row)]
    scale = json.dumps([measured.evaluation_set, [unit for unit in units if unit]])
    return hashlib.sha256(scale.encode()).hexdigest()[:_DIGITS]


def _older(content: Mapping[str, Any]) -> Measured:
    """The figures of a file with all metrics, by group."""
    found, digests, units = (content.get(name, {}) for name in ("eval", SCALE, UNITS))
    figures = {
        name: float(value)
        for name, value in leaves(found).items()
        if _is_figure(value) and _matters(_RESULT + name.replace(".", "/"))
    }
    known = {n: unit for n, digest in leaves(digests).items() if (unit := described(digest, units))}
    return _checked(content, figures, content.get("evaluation_set"), known)


def _matters(metric: str) -> bool:
    """Whether a metric is neither a count nor a numbered metric."""
    return not is_numbered(metric) and metric.rpartition("/")[2] not in _COUNTS


def short_name(metric: str) -> str:
    """The name of a metric in tables: `eval/speech/wer` is `speech.wer`."""
    return metric.removeprefix(_RESULT).replace("/", ".")


def _is_figure(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
