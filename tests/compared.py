"""Finished runs of the smallest kind, for what compares them."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import soundfile

from engine.evaluation.unit import Unit
from engine.recipe import load_recipe
from engine.report.compare.runs import ComparedRuns, compared_runs
from engine.report.run_files import RunFiles
from engine.system_support.discovery import recipe_classes
from engine.tracking.events import Event
from tests.run_folders import add_events, make_finished, start

NUM_CLIPS = 40
HARD = np.linspace(1.0, 2.0, NUM_CLIPS)
"""What makes a clip hard is in the figures of every run."""
SET = "ab" * 32
DATA = {"found": 50, "used": 48, "training": 8, "evaluation": NUM_CLIPS}


def run_of(
    folder: Path,
    recipe: str,
    clips: Mapping[str, Iterable[float]],
    *,
    samples: Sequence[Mapping[str, object]] = (),
    finish: Mapping[str, object] | None = None,
    events: Sequence[Event] = (),
    started: Mapping[str, object] | None = None,
    **metrics: object,
) -> RunFiles:
    """A finished run of a recipe in `folder`, with the figures of its clips and its events."""
    make_finished(folder, clips, recipe=recipe, **metrics)
    facts = {"evaluation_set": metrics.get("evaluation_set", SET), "scales": scales_of(clips)}
    final = {f"eval/{name}": float(np.mean([*values])) for name, values in clips.items()}
    entry = {name: value + 0.5 for name, value in final.items()}
    log = [
        start(recipe, data=DATA, **(started or {})),
        Event("train", 50, 0.5, {"train/loss": 2.0}),
        Event("eval", 50, 0.5, entry, facts),
        Event("eval", 100, 1.0, final, facts),
        Event("sample", 100, 1.0, facts={"samples": [*samples]}),
        *events,
    ]
    end = {"best_step": 100, "seconds": 60.0, "expectations": []} | dict(finish or {})
    add_events(folder, [*log, Event("finish", 100, 1.0, final, end)])
    (folder / "run.json").write_text(json.dumps({"seed": 7, "identity": "3f9c2ab81d04"}))
    return opened_run(folder)


def scales_of(names: Iterable[str]) -> dict[str, str]:
    """The digests of units as an event of these metrics holds them."""
    return {name: Unit(definition=name).digest for name in names}


def opened_run(folder: Path) -> RunFiles:
    """A run by its folder."""
    recipe = load_recipe(folder / "recipe.toml", classes=recipe_classes())
    return RunFiles(folder.name, folder, recipe)


def phases(tmp_path: Path, change: float, noise: float = 0.01) -> ComparedRuns:
    """xtts_phase1, and xtts_phase2 whose figures lie `change` higher."""
    random = np.random.default_rng(0)
    first = run_of(tmp_path / "xtts_phase1", "xtts_phase1", {"mel_ce": HARD})
    later = HARD + change + noise * random.standard_normal(NUM_CLIPS)
    second = run_of(tmp_path / "xtts_phase2", "xtts_phase2", {"mel_ce": later})
    return compared_runs([first, second])


def tone(path: Path, hertz: float = 300.0, seconds: float = 2.0, level: float = 0.2) -> Path:
    """A WAV of a tone at 8 kHz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    times = np.arange(round(seconds * 8000)) / 8000
    soundfile.write(path, level * np.sin(2 * np.pi * hertz * times), 8000, "PCM_16")
    return path


def sampled(
    folder: Path, clip: str, part: str, caption: str = "", **of: float
) -> dict[str, object]:
    """A sample of a clip, with its sound; `of` says what tone."""
    path = Path("samples") / f"{hashlib.sha256(f'{clip}/{part}'.encode()).hexdigest()[:8]}.wav"
    tone(folder / path, **of)
    return {
        "name": f"{clip}/{part}",
        "kind": "audio",
        "path": path.as_posix(),
        "caption": caption or part,
    }
