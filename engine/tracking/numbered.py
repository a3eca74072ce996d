"""Metrics with a number in their name: `eval/quantizers_4/si_sdr_db`."""

import re
from collections.abc import Mapping

_NUMBERED = re.compile(r"(?:eval|untrained|parent)/([a-z][a-z_]*)_([1-9][0-9]*)/(.+)")

Rows = list[dict[str, float | None]]
"""A row for each number, ascending; its first column, named like the group, is the number."""


def is_numbered(metric: str) -> bool:
    """Whether a metric of an evaluation is one of several that differ by a number."""
    return _NUMBERED.fullmatch(metric) is not None


def numbered_tables(metrics: Mapping[str, float | None]) -> dict[str, Rows]:
    """The numbered metrics of a result (`eval/...`) as tables, by the name of the number."""
    groups: dict[str, dict[int, dict[str, float | None]]] = {}
    for name, value in metrics.items():
        found = _NUMBERED.fullmatch(name)
        if found and name.startswith("eval/"):
            group, number = found[1], int(found[2])
            row = groups.setdefault(group, {}).setdefault(number, {group: number})
            row[found[3]] = value
    return {group: [rows[number] for number in sorted(rows)] for group, rows in groups.items()}
