"""Run folders as training leaves them, for tests of what reads them."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import numpy as np
import soundfile

from engine.evaluation.clip_table import ClipTable, write_clip_table
from engine.evaluation.digests import as_digests
from engine.evaluation.unit import Unit
from engine.evaluation.unit_facts import published
from engine.recipe import load_recipe, to_toml
from engine.system_support.discovery import recipe_classes
from engine.tracking.dvc_files import _nested
from engine.tracking.events import Event, EventLog

ROOT = Path(__file__).parents[1]
RECIPES = ROOT / "recipes"

RECIPE = """\
name = "{name}"
system = "vqvae"
summary = "one second of speech as a grid of codes"

[training]
best = "eval/rmse_db"
"""

GUARD = {
    "name": "eval/perplexity",
    "metric": "eval/perplexity",
    "value": 1.5,
    "condition": "it must be above 2",
    "action": "warn",
}
"""The facts of a guard that warned, but for its reason."""


def shipped_project(folder: Path) -> Path:
    """Put the shipped recipes and params.toml into a folder under git; return the folder."""
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    for one in ("recipes", "upstream"):
        shutil.copytree(ROOT / one, folder / one)
    shutil.copy(ROOT / "params.toml", folder)
    return folder


def start(name: str, time: float = 100.0, **facts: object) -> Event:
    """The first event of a run."""
    return Event("start", 0, facts={"recipe": name, "system": "vqvae"} | facts, time=time)


def make_run(
    folder: Path, events: Iterable[Event], name: str = "audio_vae", parent: str | None = None
) -> Path:
    """Write a run's events beside its description and its resolved recipe; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {"recipe": name, "system": "vqvae", "identity": "3f9c2ab81d04", "parent": parent}
    (folder / "run.json").write_text(json.dumps(about))
    (folder / "recipe.toml").write_text(RECIPE.format(name=name))
    add_events(folder, events)
    return folder


def add_events(folder: Path, events: Iterable[Event]) -> None:
    """Append events to a run."""
    log = EventLog(folder / "events.jsonl")
    for event in events:
        log.write(event)
    log.close()


def make_wav(path: Path) -> bytes:
    """Write a tenth of a second of a tone; return the file's bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tone = np.sin(np.arange(1600) * 0.2) * 8000
    soundfile.write(path, tone.astype(np.int16), 16_000)
    return path.read_bytes()


def make_finished(
    folder: Path,
    clips: Mapping[str, Iterable[float]],
    *,
    recipe: str = "xtts_phase1",
    order: Iterable[int] | None = None,
    table: str = "clips",
    **metrics: object,
) -> Path:
    """Write what a finished run keeps of its evaluation; return its folder.

    `clips` holds the figures of the best weights by name (`mel_ce`); the means of these are its
    metrics, unless `metrics` says otherwise. `recipe` is one of recipes/, `order` that of the rows
    in the file.
    """
    columns = {name: _measured(values, folder, name) for name, values in clips.items()}
    num_clips = len(next(iter(columns.values())))
    rows = np.array([*(range(num_clips) if order is None else order)], int)
    words = [hashlib.sha256(f"{table} {row}".encode()).hexdigest() for row in rows]
    figures = {f"best/{name}": values[rows] for name, values in columns.items()}
    ids = tuple(f"clip_{row}" for row in rows)
    folder.mkdir(parents=True, exist_ok=True)
    written = ClipTable(ids, as_digests(words), figures)
    write_clip_table(folder / "evaluation" / f"{table}.tsv", written)
    means = {"eval": {name: float(values.mean()) for name, values in columns.items()}}
    content = means | {"evaluation_set": "ab" * 32, "step": 100} | units(*columns) | metrics
    (folder / "metrics.json").write_text(json.dumps(content))
    (folder / "recipe.toml").write_text(resolved_recipe(recipe))
    return folder


def _measured(values: Iterable[float], folder: Path, name: str) -> np.ndarray:
    """The values, each a little off as measured ones are, with the same mean.

    Clips that all differ by the same amount between two runs would give no interval.
    """
    exact = np.array([*values], float)
    seed = hashlib.sha256(f"{folder.name} {name}".encode()).digest()[0]
    off = 1e-4 * np.random.default_rng(seed).standard_normal(len(exact))
    return exact + off - off.mean() if len(exact) else exact


def units(*names: str, **parts: object) -> dict[str, object]:
    """The units of metrics as a metrics file holds them, defined by their names."""
    found = {name: Unit(definition=name, **parts) for name in names}  # type: ignore[arg-type]
    digests = {name: unit.digest for name, unit in found.items()}
    return _nested(published(digests, {unit.digest: unit.plain for unit in found.values()}))


@cache
def resolved_recipe(name: str) -> str:
    """A recipe of recipes/ with everything filled in, as a run keeps it."""
    return to_toml(load_recipe(RECIPES / f"{name}.toml", classes=recipe_classes()))
