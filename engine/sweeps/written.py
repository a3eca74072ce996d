"""A sweep's results as files: a table for programs, JSON, and a page that needs nothing else."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.files.atomic import write_atomically
from engine.files.pages import page_template
from engine.files.text import visible_lines
from engine.sweeps.results import Results, Row
from engine.tracking.shown_metrics import short_name

SCHEMA = 1
"""The version of results.json: it rises when a key changes its meaning or goes."""


def titles(results: Results) -> list[str]:
    """The columns of the table."""
    better = "lowest" if results.lowest else "highest"
    seeds = ", mean and range of seeds" if len(results.seeds) > 1 else ""
    value = f"{short_name(results.metric)} ({better} first{seeds})"
    return ["", value, "runs", "difference to the recipe", ""]


def cells(row: Row) -> list[str]:
    """A row of the table."""
    runs = "" if row.kind == "baseline" else str(len(row.figures))
    return [row.name, row.spread, runs, row.difference, row.outcome]


def write_results(results: Results, folder: Path, command: str) -> list[Path]:
    """Write results.json, results.tsv and results.html; return them."""
    table = [titles(results), *map(cells, results.rows)]
    texts = {
        "results.json": json.dumps(_plain(results, command), indent=2) + "\n",
        "results.tsv": "".join(f"{_tsv(line)}\n" for line in _tsv_rows(results)),
        "results.html": table_page(
            "sweep",
            f"Sweep by {short_name(results.metric)}",
            results.sentences,
            table,
            [row.kind for row in results.rows],
            command,
        ),
    }
    for name, text in texts.items():
        write_atomically(folder / name, text)
    return [folder / name for name in texts]


def _tsv_rows(results: Results) -> Sequence[Sequence[str]]:
    keys = list(dict.fromkeys(key for row in results.rows for key in row.values))
    head = ["kind", "name", *keys, results.metric, "runs", "difference", "low", "high", "outcome"]
    return [head, *(_tsv_row(row, keys) for row in results.rows)]


def _tsv_row(row: Row, keys: Sequence[str]) -> list[str]:
    ends = ["", "", ""]
    if row.against is not None:
        one = row.against.difference
        ends = [f"{value:.9g}" for value in (one.mean, one.low, one.high)]
    values = [row.values.get(key, "") for key in keys]
    mean = f"{row.mean:.9g}" if row.figures else ""
    return [row.kind, row.name, *values, mean, str(len(row.figures)), *ends, row.outcome]


def _tsv(cells: Sequence[str]) -> str:
    return "\t".join(" ".join(cell.split()) for cell in cells)


def _plain(results: Results, command: str) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "command": command,
        "metric": results.metric,
        "best_is": "lowest" if results.lowest else "highest",
        "seeds": list(results.seeds),
        "rows": [_plain_row(row) for row in results.rows],
        "sentences": list(results.sentences),
    }


def _plain_row(row: Row) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "kind": row.kind,
        "name": row.name,
        "values": dict(row.values),
        "figures": list(row.figures),
        "failures": dict(row.failures),
    }
    if row.left_out:
        plain |= {"left_out": row.left_out}
    if row.against is not None:
        one = row.against.difference
        plain |= {"difference": one.mean, "low": one.low, "high": one.high, "outcome": row.outcome}
        plain |= {"speaks_of": row.against.speaks_of}
    return plain


def table_page(
    kind: str,
    title: str,
    sentences: Sequence[str],
    table: Sequence[Sequence[str]],
    kinds: Sequence[str],
    command: str,
    more_title: str = "",
    more: Sequence[Sequence[str]] = (),
) -> str:
    """A page with sentences above a table, whose first line holds the titles.

    `kinds` are the classes of the other lines; `more` is a second table below it.
    """
    template = page_template(["engine.sweeps"], visible_lines, "sweep.html")
    return template.render(
        kind=kind,
        title=title,
        sentences=sentences,
        titles=table[0],
        rows=list(zip(kinds, table[1:], strict=True)),
        command=command,
        more_title=more_title,
        more=more,
    )
