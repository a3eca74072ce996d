"""A small corpus of voices with transcripts, a codec, and recipes that use them."""

import shutil

import numpy as np
import pytest
import soundfile
import torch
from attrs import evolve
from transformers import DacConfig, DacModel

from engine.corpus import Corpus, ingest
from engine.features.prepared import features_of
from engine.metrics.pretrained import quiet
from engine.project import Project
from engine.recipe import load_params
from engine.recipe.optimizers import AdamW
from engine.recipe.params import Work
from engine.recipe.training import Training
from engine.systems.codec_lm.data.cached_features import CachedFeatures
from engine.systems.codec_lm.data.utterances import load_utterances
from engine.systems.codec_lm.recipe import Codec, CodecLmRecipe, Dataset, Scratch

RATE, HOP, FRAMES_PER_SECOND = 8_000, 320, 25
CODEBOOKS, CODES = 4, 16
CPU = torch.device("cpu")
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
sample_rates_hz = [8000]
[tracking]
mirrors = []
"""
VOICES = {"anna": 210.0, "bela": 110.0, "emil": 140.0, "kati": 260.0, "lili": 170.0}
ALONE = "imre"
SENTENCES = ("one two three", "four five", "six seven eight", "Note: nine", "ten: eleven: twelve")
SMALL = Scratch(num_layers=1, dim=32, num_heads=2, num_key_heads=1, ffn_dim=32, num_text_tokens=300)


def said(text, pitch, random):
    """A vowel's harmonics for each letter, 0.6 to 1.2 seconds."""
    length = int(RATE * random.uniform(0.6, 1.2))
    times, letters = np.arange(length) / RATE, np.array([ord(letter) for letter in text])
    letter = letters[np.arange(length) * len(letters) // length]
    harmonics = ((k, 0.5 + 0.5 * np.cos(letter * k)) for k in range(1, 9))
    voice = sum(size * np.sin(2 * np.pi * pitch * k * times) / k for k, size in harmonics)
    return 0.2 * voice + random.normal(0, 1e-3, length)


def write_codec(folder, seed=0, num_codebooks=CODEBOOKS):
    """A codec of 25 frames a second; what it codes differs with the seed."""
    with torch.random.fork_rng(), quiet():
        torch.manual_seed(seed)
        config = DacConfig(
            encoder_hidden_size=4,
            downsampling_ratios=[8, 8, 5],
            decoder_hidden_size=8,
            n_codebooks=num_codebooks,
            codebook_size=CODES,
            codebook_dim=4,
            sampling_rate=RATE,
        )
        DacModel(config).save_pretrained(folder)


def add_clip(project, name, samples, text, speaker):
    """A file of the corpus and its row in the table."""
    folder = project.root / "data" / "voices"
    soundfile.write(folder / f"{name}.wav", samples, RATE, subtype="PCM_16")
    with (folder / "metadata.csv").open("a", encoding="utf-8") as file:
        file.write(f"{name}.wav|{text}|{speaker}\n")


def ingested(project):
    """The project with its corpus as it is now."""
    source = load_params(project.params).corpora["voices"]
    ingest("voices", source, project, work=Work(num_workers=1))
    return project


@pytest.fixture(scope="session")
def voices_project(tmp_path_factory):
    """A project whose corpus has each sentence in five voices, and one sentence in a fifth."""
    root = tmp_path_factory.mktemp("voices")
    folder, random = root / "data" / "voices", np.random.default_rng(0)
    folder.mkdir(parents=True)
    (folder / "metadata.csv").write_text("file_name|text|speaker\n")
    (root / "recipes").mkdir()
    (root / "params.toml").write_text(PARAMS)
    made = Project(root)
    for voice, pitch in VOICES.items():
        for number, text in enumerate(SENTENCES):
            add_clip(made, f"{voice}_{number}", said(text, pitch, random), text, voice)
    add_clip(made, f"{ALONE}_0", said("alone", 180.0, random), "alone", ALONE)
    write_codec(root / "published" / "codec")
    return ingested(made)


@pytest.fixture
def own_project(voices_project, tmp_path):
    """A copy of it in which nothing was made yet."""
    root = tmp_path / "project"
    shutil.copytree(voices_project.root, root)
    shutil.rmtree(root / "build" / "features", ignore_errors=True)
    return Project(root)


@pytest.fixture
def make_recipe():
    """A recipe for the small corpus: make(dataset={...}, model=..., codec=..., steps=4)."""

    def make(*, model=SMALL, dataset=None, codec=None, **training):
        table = {"corpus": "voices", "sample_rate_hz": RATE, "eval_share": 0.4, "num_seen_clips": 0}
        settings = {"steps": 6, "batch_size": 4, "best": "eval/loss", "log_every_steps": 1}
        return CodecLmRecipe(
            schema=2,
            name="small",
            system="codec_lm",
            summary="a test",
            dataset=Dataset(**(table | (dataset or {}))),
            codec=codec or Codec(folder="published/codec"),
            model=model,
            optimizer={"lm": AdamW(learning_rate=1e-3)},
            training=Training(**(settings | training)),
        )

    return make


def features_at(project, recipe):
    """What is made of its corpus."""
    corpus = Corpus.open(project.corpus("voices"))
    return CachedFeatures(recipe, corpus, features_of(recipe, project), Work(num_workers=1))


@pytest.fixture
def make_utterances(voices_project, make_recipe):
    """The utterances of such a recipe: make(project=..., dataset={...})."""

    def make(project=voices_project, seed=1, **settings):
        recipe = make_recipe(**settings)
        return load_utterances(project, features_at(project, recipe), seed, CPU)

    return make


def narrower(recipe, max_positions):
    """A recipe whose sequences fill fewer positions."""
    return evolve(recipe, model=evolve(recipe.model, max_positions=max_positions))
