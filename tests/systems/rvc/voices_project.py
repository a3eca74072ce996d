"""A small corpus of two voices, and recipes for it that need no published weights."""

import numpy as np
import pytest
import soundfile
import torch

from engine.corpus import ingest
from engine.features.cache import Features
from engine.project import Project
from engine.recipe import load_params
from engine.recipe.judgement import Samples
from engine.recipe.optimizers import AdamW
from engine.recipe.params import Work
from engine.recipe.training import Training
from engine.systems.rvc.data.recordings import load_recordings
from engine.systems.rvc.dataset_table import Dataset, LogMel, SwiftF0
from engine.systems.rvc.recipe import Model, RvcRecipe

RATE = 16_000
VOICES = {"anna": 220.0, "bela": 110.0}
NUM_CLIPS = 6
PARAMS = """
seed = 1
profile = "full"
[hardware]
device = "cpu"
num_threads = 1
[work]
num_workers = 1
[corpora.voices]
source = "data/voices"
sample_rates_hz = [16000]
speakers = "folder"
[tracking]
mirrors = []
"""
SMALL = Model(
    n_fft=512,
    num_mels=16,
    latent_channels=8,
    hidden_channels=8,
    filter_channels=8,
    num_layers=1,
    posterior_layers=1,
    upsample_rates=(10, 16),
    upsample_kernels=(20, 32),
    upsample_channels=8,
    speaker_channels=4,
    speaker_rows=4,
    resblock_kernels=(3,),
    resblock_dilations=((1,),),
)


def voice(pitch, seconds, seed=0, rate=RATE):
    """Harmonics of a pitch that wavers, with pauses of 0.6 s between syllables of a second."""
    random = np.random.default_rng(seed)
    times = np.arange(round(seconds * rate)) / rate
    hertz = pitch * (1 + 0.1 * np.sin(2 * np.pi * (0.7 * times + random.uniform())))
    phase = 2 * np.pi * np.cumsum(hertz) / rate
    sound = 0.15 * sum(np.sin(k * phase) / k for k in range(1, 8))
    return sound * (times % 2.2 < 1.6) + random.normal(0, 1e-4, len(times))


def write_voices(root, voices=VOICES, num_clips=NUM_CLIPS):
    """Clips of 1 to 6 seconds in a folder for each voice, and a project around them."""
    for name, pitch in voices.items():
        folder = root / "data" / "voices" / name
        folder.mkdir(parents=True)
        for number in range(num_clips):
            sound = voice(pitch, 1.0 + number, number)
            soundfile.write(folder / f"{number:02d}.wav", sound, RATE, subtype="PCM_16")
    (root / "recipes").mkdir()
    (root / "params.toml").write_text(PARAMS)
    return Project(root)


def ingested(project):
    """The same project, its corpus ingested."""
    params = load_params(project.params)
    ingest("voices", params.corpora["voices"], project, work=Work(num_workers=1))
    return project


@pytest.fixture(scope="session")
def voices_project(tmp_path_factory):
    """A project whose corpus "voices" has six clips of each of two voices."""
    return ingested(write_voices(tmp_path_factory.mktemp("voices")))


@pytest.fixture
def make_voices_recipe():
    """`small_recipe`."""
    return small_recipe


def small_recipe(*, dataset=None, model=SMALL, **training):
    """A recipe for the small corpus: small_recipe(dataset={...}, model=..., steps=4)."""
    table = {"corpus": "voices", "sample_rate_hz": RATE, "split": "random", "eval_share": 0.25}
    table |= {"pitch": SwiftF0(), "content": LogMel(num_mels=16), "segment_frames": 40}
    settings = {"steps": 4, "batch_size": 4, "best": "eval/mel"}
    rates = {name: AdamW(learning_rate=1e-3) for name in ("discriminator", "generator")}
    return RvcRecipe(
        schema=2,
        name="small",
        system="rvc",
        summary="a test",
        dataset=Dataset(**(table | (dataset or {}))),
        model=model,
        optimizer=rates,
        training=Training(**(settings | training)),
        samples=Samples(num_clips=0),
    )


@pytest.fixture
def recordings_of(voices_project, tmp_path):
    """What a recipe's recordings are: recordings_of(recipe, project, features)."""

    def load(recipe, project=voices_project, features=None):
        params = load_params(project.params)
        kept = Features(tmp_path / "features") if features is None else features
        return load_recordings(recipe, project, params, kept, torch.device("cpu"))

    return load
