"""A model that has learned nothing, as a run leaves it, and what is asked of the command."""

import numpy as np
import torch

from engine.analysis.content.logmel import LogMel as LogMelEncoder
from engine.analysis.pitch.swift_f0 import SwiftF0 as SwiftF0Method
from engine.recipe import to_toml
from engine.recipe.optimizers import AdamW
from engine.recipe.training import Training as TrainingTable
from engine.systems.rvc.dataset_table import Dataset, LogMel, SwiftF0
from engine.systems.rvc.files.export import Training, export_voice
from engine.systems.rvc.index.build import write_index
from engine.systems.rvc.network.settings import SynthesizerSettings
from engine.systems.rvc.network.synthesizer import Synthesizer
from engine.systems.rvc.notes import PitchNote, Speaker, VoiceNote, to_json
from engine.systems.rvc.recipe import RvcRecipe
from tests.systems.rvc.conftest import SMALL

RATE = 16_000
CONTENT = LogMelEncoder(dim=768)
RECIPE = RvcRecipe(
    schema=2,
    name="small",
    system="rvc",
    summary="a test",
    dataset=Dataset(
        corpus="words", sample_rate_hz=RATE, split="random", pitch=SwiftF0(), content=LogMel()
    ),
    model=SMALL,
    optimizer={turn: AdamW(learning_rate=1e-3) for turn in RvcRecipe.turns},
    training=TrainingTable(steps=1, batch_size=1, best="eval/mel"),
)
NOTE = VoiceNote(
    speakers=(
        Speaker(name="anna", row=0, median_hz=220.0),
        Speaker(name="bela", row=1, median_hz=None),
    ),
    content=CONTENT.digest,
    pitch=PitchNote(kind="swift_f0", digest=SwiftF0Method().digest),
    unvoiced="zero",
)


def spoken(hz=110.0, seconds=0.6):
    times = np.arange(int(seconds * RATE)) / RATE
    harmonics = (np.sin(2 * np.pi * hz * k * times) / k for k in range(1, 20))
    return 0.1 * sum(harmonics)


def export(path, recipe=RECIPE, note=NOTE):
    """A model that has learned nothing, as a run leaves it."""
    torch.manual_seed(1)
    settings = SynthesizerSettings.of(recipe.model, RATE, uses_f0=recipe.has_pitch)
    training = Training(
        name=path.stem,
        epoch=1,
        step=1,
        created="2026-01-31T12:00:00.000000",
        audio_seconds=1.0,
        content="logmel",
        num_speakers=2,
        others={"voice": to_json(note)} if note else {},
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    export_voice(Synthesizer(settings), path, training)


def train(project, recipe=RECIPE, note=NOTE):
    """What a trained recipe leaves of what the command needs; its index."""
    (project / "recipes" / f"{recipe.name}.toml").write_text(to_toml(recipe))
    folder = project / "models" / recipe.name
    export(folder / "export" / f"{recipe.name}.pth", recipe, note)
    (folder / "recipe.toml").write_text(to_toml(recipe))
    features = CONTENT(spoken().astype(np.float32))
    return write_index(folder / "export", recipe.name, "v2", [features], features, CONTENT.digest)


def refused(told, project, said):
    assert (told.code, told.out) == (2, "")
    assert said in told.error
    assert not (project / "out.wav").exists()
