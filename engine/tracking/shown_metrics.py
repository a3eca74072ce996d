"""metrics/<recipe>.json: the figures of a result that DVC shows, under short names.

`dvc metrics show` makes a column of every value in it, so few stand there: a row has its place in
a terminal. Behind them a list, which DVC passes over, holds the figures of which `dvc metrics diff`
shows a dozen, and what each may be compared with. All that was measured is in
models/<recipe>/metrics.json.
"""

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from attrs import field, frozen

from engine.files.atomic import write_atomically
from engine.files.untrusted import as_user_error
from engine.recipe.diff import leaves
from engine.recipe.metric_names import direction_of
from engine.recipe.schema import Recipe
from engine.tracking.numbered import is_numbered

SCALE = "scale"
"""Where metrics say which of them are in units of the recipe's own."""
_MEASURED = "measured"
MOST = 12
"""Figures that a table shows."""
KEPT = 36
"""More than are shown, so that recipes that name other metrics have the same ones here."""
_MOST_IN_ROW = 7
_WIDTH = 119
_LONGEST = 14
"""Characters of a name in a row: a longer one would take the place of two."""
_DIGITS = 8
_GAP = 4
"""Spaces between two columns of DVC's."""
_COUNTS = {"clips", "codes", "frames", "listeners", "speakers"}
"""Last names of what says how much figures are means over."""
_RESULT, _LISTENING = "eval/", "listening/"


@frozen
class Measured:
    """The figures of a result that matter, and what they may be compared with."""

    figures: Mapping[str, float]
    """By short name (`mel_ce`, `speech.wer`), the most important first."""
    step: int | None = None
    """Of the evaluation."""
    evaluation_set: str | None = None
    """Digest of the evaluation clips; None where it is not known."""
    units: Mapping[str, str] = field(factory=dict)
    """Of the figures in units of the recipe's own, a digest of what the unit depends on."""


def select(metrics: Mapping[str, Any], recipe: Recipe, most: int = KEPT) -> Measured:
    """Pick from all metrics of a result (`eval/mel_ce`) those that matter.

    First comes what picks the best, then what the recipe expects or guards, what people and judges
    said, and the rest in the system's order, those first of which one value is the better one.
    """
    names = [name for name in _in_order(metrics, recipe) if _is_figure(metrics.get(name))][:most]
    figures = {short_name(name): float(metrics[name]) for name in names}
    units = {name: metrics.get(f"{SCALE}/{name.replace('.', '/')}") for name in figures}
    known = {name: str(digest) for name, digest in units.items() if digest}
    return Measured(figures, metrics.get("step"), metrics.get("evaluation_set"), known)


def write_shown(path: Path, measured: Measured) -> None:
    """Write what DVC shows of a recipe. No time is written: same figures, same bytes."""
    row: dict[str, Any] = dict(_row(path, measured))
    row[SCALE] = _scale(measured, row)
    if measured.step is not None:
        row["step"] = measured.step
    behind = {
        "evaluation_set": measured.evaluation_set,
        "figures": dict(measured.figures),
        "units": dict(measured.units),
    }
    write_atomically(path, json.dumps(row | {_MEASURED: [behind]}, indent=2) + "\n")


def read_shown(path: Path) -> Measured:
    """Read what `write_shown` wrote, or an older Cantus, which wrote all metrics there.

    Raises UserError where the file is damaged.
    """
    with as_user_error(f"{path} cannot be read.", OSError):
        content = path.read_bytes()
    return parse_shown(content, path)


def parse_shown(content: bytes, file: object) -> Measured:
    """What `read_shown` reads, given the content of that file."""
    with as_user_error(f"{file} is damaged: it holds no metrics as Cantus writes them."):
        values = json.loads(content)
        measured = _behind(values) if _MEASURED in values else _older(values)
        wrong = [name for name in measured.figures if not re.fullmatch(r"[A-Za-z0-9_.-]+", name)]
        if wrong:
            raise ValueError(f"{wrong[0]!r} is no metric")
        return measured


def as_groups(content: bytes, file: object) -> dict[str, Any]:
    """All that a metrics file holds, by group, as models/<recipe>/metrics.json has it.

    Raises UserError where the file is damaged.
    """
    with as_user_error(f"{file} is damaged: it holds no metrics."):
        values: dict[str, Any] = {**json.loads(content)}
    if _MEASURED not in values:
        return values
    found = parse_shown(content, file)
    groups: dict[str, Any] = {"eval": dict(found.figures), SCALE: dict(found.units)}
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
    """The first figures that have their place in a row of `dvc metrics show`."""
    left = _WIDTH - len(f"{path.parent.name}/{path.name}") - 2 * _GAP - len("step") - _DIGITS
    num_left = _MOST_IN_ROW
    for name, value in measured.figures.items():
        width = _GAP + max(len(name), len(f"{value:.5g}"))
        if num_left and width <= left and len(name) <= _LONGEST:
            left, num_left = left - width, num_left - 1
            yield name, value


def _behind(content: Mapping[str, Any]) -> Measured:
    """What stands behind the row."""
    (behind,) = content[_MEASURED]
    figures = {name: float(value) for name, value in behind["figures"].items()}
    units = {name: str(digest) for name, digest in behind["units"].items()}
    return _checked(content, figures, behind["evaluation_set"], units)


def _checked(
    content: Mapping[str, Any],
    figures: Mapping[str, float],
    clips: object,
    units: Mapping[str, str],
) -> Measured:
    step = content.get("step")
    return Measured(
        figures,
        step if isinstance(step, int) else None,
        clips if isinstance(clips, str) and clips else None,
        units,
    )


def _scale(measured: Measured, row: Iterable[str]) -> str:
    """A digest of the clips and units of a row: rows that have the same one can be compared."""
    if measured.evaluation_set is None:
        return "unknown"
    units = [measured.units.get(name) for name in sorted(row)]
    scale = json.dumps([measured.evaluation_set, [unit for unit in units if unit]])
    return hashlib.sha256(scale.encode()).hexdigest()[:_DIGITS]


def _older(content: Mapping[str, Any]) -> Measured:
    """What a file holds that has all metrics, by group."""
    found, units = content.get("eval", {}), content.get(SCALE, {})
    figures = {
        name: float(value)
        for name, value in leaves(found).items()
        if _is_figure(value) and _matters(_RESULT + name.replace(".", "/"))
    }
    known = {name: str(digest) for name, digest in leaves(units).items()}
    return _checked(content, figures, content.get("evaluation_set"), known)


def _matters(metric: str) -> bool:
    """Whether a metric is no count, and none of several that differ by a number."""
    return not is_numbered(metric) and metric.rpartition("/")[2] not in _COUNTS


def short_name(metric: str) -> str:
    """What tables call a metric of a result: `eval/speech/wer` is `speech.wer`."""
    return metric.removeprefix(_RESULT).replace("/", ".")


def _is_figure(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
