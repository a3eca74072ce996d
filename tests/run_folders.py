"""Run folders as training leaves them, for tests of what reads them."""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile

from engine.tracking.events import Event, EventLog

RECIPE = """\
name = "{name}"
system = "vqvae"
summary = "one second of speech as a grid of codes"

[training]
best = "eval/rmse_db"
"""


def start(name: str, time: float = 100.0, **facts: object) -> Event:
    """The first event of a run."""
    return Event("start", 0, facts={"recipe": name, "system": "vqvae"} | facts, time=time)


def make_run(folder: Path, events: Iterable[Event], name: str = "audio_vae") -> Path:
    """Write a run's events beside its description and its resolved recipe; return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {"recipe": name, "system": "vqvae", "identity": "3f9c2ab81d04", "parent": None}
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
