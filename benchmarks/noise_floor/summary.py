"""The summary of all seeds: results/noise_floor.json and .md."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.noise_floor.recipes import GROUPS, Seeds
from benchmarks.noise_floor.score import (
    all_pairs,
    borrowing,
    figures,
    halves,
    of_recipes,
    of_weights,
    power,
    shifted_power,
)
from engine.evaluation.seed_spread import seed_spread

METRICS = {"audio_vae_plus": ("rmse_db", "reconstruction"), "xtts_phase1": ("mel_ce", "text_ce")}
SIZES = (2, 3, 5)
SHIFTS = (0.5, 1.0, 2.0, 3.0)
"""Added differences, in standard deviations over seeds."""
_FEWEST = 6
"""Seeds of a recipe that are needed for a row."""

Rows = Mapping[str, Sequence[dict[str, Any]]]


def write_summary(rows: Rows, folder: Path) -> None:
    """Write what is known so far; groups with few seeds are left out."""
    lines = [*_equal(rows), "", *_different(rows)]
    (folder / "noise_floor.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    kept = {name: _kept(found) for name, found in rows.items()}
    (folder / "noise_floor.json").write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")


def _kept(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {
        "seeds": [row["seed"] for row in rows],
        "endings": sorted({row["ending"] for row in rows}),
        "cpu_seconds": [row["cpu_seconds"] for row in rows],
        "means": {
            metric: [round(float(np.mean(row["figures"][metric])), 6) for row in rows]
            for metric in (rows[0].get("figures", {}) if rows else {})
        },
    }


def _tables(rows: Rows) -> Iterator[tuple[Seeds, str, np.ndarray]]:
    for group in dict.fromkeys(GROUPS):
        for metric in METRICS[group.recipe]:
            table = figures(rows.get(group.name, []), metric)
            if len(table) >= _FEWEST and not group.planted:
                yield group, metric, table


def _equal(rows: Rows) -> Iterator[str]:
    sizes = " | ".join(f"over seeds, {size} v {size}" for size in SIZES)
    yield f"| equal recipes | seeds, clips | SD over seeds | clips, 1 v 1 | {sizes} | borrowed |"
    yield f"|---|---|---|---|{'---|' * len(SIZES)}---|"
    for group, metric, table in _tables(rows):
        spread = seed_spread(table)
        cells = [
            f"`{group.recipe}`, {metric}",
            f"{table.shape[0]}, {table.shape[1]}",
            f"{spread.deviation:.4g} ({spread.low:.4g} to {spread.high:.4g})",
            f"{all_pairs(table).said}, {all_pairs(table).number} pairs",
            *(halves(table, of_recipes, size).said for size in SIZES if 2 * size < len(table)),
            *("" for size in SIZES if 2 * size >= len(table)),
            halves(table, borrowing, min(5, (len(table) - 1) // 2)).said,
        ]
        yield f"| {' | '.join(cells)} |"


def _different(rows: Rows) -> Iterator[str]:
    yield "| true difference | in SD over seeds | seeds | called over seeds | by clips alone |"
    yield "|---|---|---|---|---|"
    for _, metric, table in _tables(rows):
        deviation = seed_spread(table).deviation
        size = min(5, len(table) // 2)
        smallest = seed_spread(table).shown_by(size)[1]
        for shift in (*(one * deviation for one in SHIFTS), smallest):
            said = " (the smallest, 80 % expected)" if shift == smallest else ""
            found = [shifted_power(table, shift, rule, size) for rule in (of_recipes, of_weights)]
            yield (
                f"| {metric} {shift:+.4g}, added{said} | {shift / deviation:.2g} | {size} v {size} "
                f"| {found[0]:.0%} | {found[1]:.0%} |"
            )
    yield from _planted(rows)


def _planted(rows: Rows) -> Iterator[str]:
    for group in GROUPS:
        other = figures(rows.get(group.name, []), METRICS[group.recipe][0])
        if not group.planted or len(other) < 2:
            continue
        base = figures(rows.get(group.of, []), METRICS[group.recipe][0])
        size = min(5, len(other))
        found = [power(base, other, rule, size) for rule in (of_recipes, of_weights)]
        apart = float(other.mean() - base.mean())
        yield (
            f"| {group.planted}: {METRICS[group.recipe][0]} {apart:+.4g} "
            f"| {apart / seed_spread(base).deviation:.2g} | {size} v {size} "
            f"| {found[0]:.0%} | {found[1]:.0%} |"
        )
