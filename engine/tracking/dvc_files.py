"""The metrics and curves that DVC shows and compares, written whole each time.

DVC deletes a stage's metrics and plots before it runs the stage again, a resumed run included:
so both are written from all events so far, never appended to.
"""

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine.files.atomic import write_atomically
from engine.tracking.events import Event
from engine.tracking.numbered import numbered_tables

Value = float | str | Mapping[str, Any] | None
"""A table is written as it is: a unit."""


def write_metrics(path: Path, metrics: Mapping[str, Value]) -> None:
    """Write metrics as nested JSON: the key `eval/rmse_db` becomes `{"eval": {"rmse_db": ...}}`.

    Keys are sorted and no time is written, so that two clones that train the same write the same
    bytes. A number that is not finite is written as null, because DVC cannot compare nan.
    """
    write_atomically(path, json.dumps(_nested(metrics), indent=2, sort_keys=True) + "\n")


def write_curves(
    folder: Path, events: Iterable[Event], final: Mapping[str, float | None] = MappingProxyType({})
) -> None:
    """Write `train.csv` and `eval.csv`: a row for each step, a column for each metric.

    A column is named without its first part (`train/loss` is `loss`), so that the curves of the
    two files, and the untrained figures at step 0, carry one name. `train.csv` always has `loss`.
    Numbered metrics among `final` (`eval/quantizers_4/mel`) get a file for each group,
    `quantizers.csv`, with a row for each number.
    """
    events = list(events)
    write_atomically(folder / "train.csv", _table(events, "train", first=["step", "loss"]))
    write_atomically(folder / "eval.csv", _table(events, "eval", first=["step"]))
    for group, rows in numbered_tables(final).items():
        write_atomically(folder / f"{group}.csv", _csv(rows, first=[group]))


def _nested(metrics: Mapping[str, Value]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in metrics.items():
        *branches, leaf = name.split("/")
        table = tree
        for branch in branches:
            table = table.setdefault(branch, {})
            assert isinstance(table, dict), f"{name}: {branch} is both a metric and a group"
        assert leaf not in table, f"{name} is both a metric and a group"
        table[leaf] = _finite(value)
    return tree


def _finite(value: Value) -> Value:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _table(events: list[Event], kind: str, first: list[str]) -> str:
    rows: dict[int, dict[str, float | None]] = {}
    for event in events:
        if event.kind == kind:
            row = rows.setdefault(event.step, {})
            row.update({name.partition("/")[2]: value for name, value in event.metrics.items()})
    return _csv([{"step": step, **rows[step]} for step in sorted(rows)], first)


def _csv(rows: Sequence[Mapping[str, float | None]], first: list[str]) -> str:
    names = {name for row in rows for name in row}
    text = io.StringIO()
    writer = csv.DictWriter(text, [*first, *sorted(names - set(first))], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
