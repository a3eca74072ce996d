"""A corpus of three synthetic voices, ingested for real once a session, and small RVC models on it.

Voices are sums of harmonics below formants, gliding in pitch: real audio to every f0 method.
"""

import shutil

import numpy as np
import pytest
import soundfile
import torch
from attrs import evolve

from engine.corpus import ingest
from engine.project import Project
from engine.recipe import load_params
from engine.recipe.judgement import Samples
from engine.recipe.optimizers import AdamW
from engine.recipe.params import Work
from engine.recipe.training import Training
from engine.runs.run import Run
from engine.system_support.build import build_system
from engine.systems.rvc.dataset_table import Dataset, LogMel, SwiftF0
from engine.systems.rvc.recipe import (
    Conversion,
    Discriminator,
    InitialWeights,
    Losses,
    Model,
    RvcRecipe,
)
from tests.systems.rvc.voices_project import (  # noqa: F401 (fixtures)
    make_voices_recipe,
    recordings_of,
    voices_project,
)
from tests.systems.stops_at import StopsAt

RATE = 16_000
PARAMS = """
seed = 1
profile = "full"
[hardware]
device = "cpu"
num_threads = 1
[corpora.voices]
source = "data/voices"
sample_rates_hz = [16000]
[tracking]
mirrors = []
"""
SMALL = Model(
    n_fft=512,
    num_mels=32,
    latent_channels=8,
    hidden_channels=8,
    filter_channels=16,
    num_layers=1,
    posterior_layers=1,
    resblock="2",
    resblock_kernels=(3,),
    resblock_dilations=((1, 3),),
    upsample_rates=(10, 4, 4),
    upsample_kernels=(20, 8, 8),
    upsample_channels=16,
    speaker_channels=4,
    speaker_rows=3,
    initial_weights=InitialWeights(sine_weight=1.0),
    discriminator=Discriminator(periods=(2, 3), scale="without", channels=(4, 8)),
)
"""Some ten thousand weights: a step takes milliseconds."""
VOICES = {"low": (110.0, 700.0), "middle": (180.0, 900.0), "high": (240.0, 1200.0)}
"""Each with its pitch and the frequency below which its harmonics are strong, in Hz."""
NUM_SENTENCES = 6


def spoken(pitch_hz, formant_hz, random, seconds):
    """A voice that glides by some semitones, with a pause in the middle."""
    times = np.arange(int(seconds * RATE)) / RATE
    glide = 2 ** (random.uniform(-3, 3) / 12 * np.sin(2 * np.pi * times / seconds))
    phase = 2 * np.pi * np.cumsum(pitch_hz * glide) / RATE
    voice = sum(np.sin(k * phase) / (1 + (k * pitch_hz / formant_hz) ** 2) for k in range(1, 21))
    envelope = np.sin(np.pi * times / seconds) ** 0.5 * (np.abs(times - seconds / 2) > 0.1)
    return 0.25 * envelope * voice + random.normal(0, 1e-3, len(times))


@pytest.fixture(scope="session")
def voices(tmp_path_factory):
    root = tmp_path_factory.mktemp("voices")
    folder = root / "data" / "voices"
    lines = ["path|text|speaker|language"]
    for name, (pitch_hz, formant_hz) in VOICES.items():
        (folder / name).mkdir(parents=True)
        for number in range(NUM_SENTENCES):
            random = np.random.default_rng([len(name), number])
            samples = spoken(pitch_hz, formant_hz, random, 1.0 + 0.15 * number)
            soundfile.write(folder / name / f"{number}.wav", samples, RATE, subtype="PCM_16")
            lines.append(f"{name}/{number}.wav|sentence {number}|{name}|en")
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n")
    (root / "recipes").mkdir()
    (root / "params.toml").write_text(PARAMS)
    made = Project(root)
    ingest("voices", load_params(made.params).corpora["voices"], made, work=Work(num_workers=1))
    return made


def small_recipe(
    *, model=SMALL, losses=None, discriminator=None, dataset=None, conversion=None, **settings
):
    """A recipe of the small model. Keys that are no table's are those of [training]."""
    whole = {name: settings.pop(name) for name in ("name", "guard", "start") if name in settings}
    training = {"steps": 4, "batch_size": 3, "best": "eval/mel", "log_every_steps": 1}
    return RvcRecipe(
        **{"schema": 2, "name": "small", "system": "rvc", "summary": "a test"} | whole,
        dataset=Dataset(
            **{
                "corpus": "voices",
                "sample_rate_hz": RATE,
                "split": "random",
                "eval_share": 0.3,
                "pitch": SwiftF0(),
                "content": LogMel(),
                "speakers": ("high",),
            }
            | (dataset or {})
        ),
        model=evolve(model, discriminator=evolve(model.discriminator, **(discriminator or {}))),
        losses=losses or Losses(),
        conversion=conversion or Conversion(num_clips=2),
        samples=Samples(num_clips=0),
        optimizer={turn: AdamW(learning_rate=1e-3) for turn in RvcRecipe.turns},
        training=Training(**(training | settings)),
    )


@pytest.fixture
def make_rvc_recipe():
    return small_recipe


@pytest.fixture
def make_rvc(voices):
    """Builds the small system, as a run would."""

    def make(**settings):
        torch.manual_seed(1)
        return build_system(small_recipe(**settings), voices, load_params(voices.params))

    return make


@pytest.fixture(scope="session")
def trained_voice(voices, tmp_path_factory):
    """A project with the model of a few steps in models/small: for all that reads a trained one."""
    project = Project(tmp_path_factory.mktemp("trained") / "project")
    shutil.copytree(voices.root, project.root)
    run = Run(small_recipe(), project, load_params(project.params), build_system, StopsAt())
    assert run.train().ending == "finished"
    return project


@pytest.fixture
def train(voices, tmp_path):
    """Runs a recipe in a project of its own: train(name of the project, recipe, watcher)."""

    def run(name, recipe, watcher):
        root = tmp_path / name
        if not root.exists():
            shutil.copytree(voices.root, root)
        project = Project(root)
        return Run(recipe, project, load_params(project.params), build_system, watcher).train()

    return run
