"""A small corpus of synthetic speech, ingested for real once a session, and small codecs on it."""

import numpy as np
import pytest
import soundfile
import torch
from attrs import evolve

from engine.corpus import ingest
from engine.project import Project
from engine.recipe import load_params
from engine.recipe.optimizers import AdamW
from engine.recipe.params import Work
from engine.recipe.training import Training
from engine.systems.codec.recipe import (
    CodecRecipe,
    Dataset,
    Discriminator,
    Evaluation,
    Losses,
    Model,
)
from engine.systems.codec.system import build

RATE = 8_000
PARAMS = """
seed = 1
profile = "full"
[hardware]
device = "cpu"
num_threads = 1
[corpora.speech]
source = "data/speech"
sample_rates_hz = [8000]
speakers = "folder"
[tracking]
mirrors = []
"""
SMALL = Model(
    encoder_dim=4,
    encoder_rates=(2, 4),
    decoder_dim=16,
    decoder_rates=(4, 2),
    num_codebooks=3,
    codebook_size=16,
    codebook_dim=4,
    discriminator=Discriminator(periods=(), stft_windows=(64, 32)),  # a period has 8 million
)
LOSSES = Losses(
    adversarial=1.0, feature=2.0, mel=5.0, waveform=500.0, commitment=0.25, codebook=1.0
)


def spoken(random, seconds):
    times = np.arange(int(seconds * RATE)) / RATE
    voice = sum(np.sin(2 * np.pi * random.uniform(90, 220) * k * times) / k for k in range(1, 9))
    return 0.2 * np.sin(np.pi * times / seconds) ** 2 * voice + random.normal(0, 1e-3, len(times))


@pytest.fixture(scope="session")
def speech(tmp_path_factory):
    root = tmp_path_factory.mktemp("speech")
    random = np.random.default_rng(0)
    for speaker in range(8):
        for number in range(3):
            path = root / "data" / "speech" / f"voice{speaker}" / f"{number}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            samples = spoken(random, random.uniform(0.3, 0.8))
            soundfile.write(path, samples, RATE, subtype="PCM_16")
    (root / "recipes").mkdir()
    (root / "params.toml").write_text(PARAMS)
    made = Project(root)
    ingest("speech", load_params(made.params).corpora["speech"], made, work=Work(num_workers=1))
    return made


@pytest.fixture
def make_codec_recipe():
    def make(
        *, model=SMALL, losses=LOSSES, discriminator=None, dataset=None, judges=(), **training
    ):
        tables = {"discriminator": evolve(model.discriminator, **(discriminator or {}))}
        settings = {"steps": 10, "batch_size": 4, "best": "eval/mel", "log_every_steps": 1}
        return CodecRecipe(
            schema=2,
            name="small",
            system="codec",
            summary="a test",
            dataset=Dataset(
                **{
                    "corpus": "speech",
                    "sample_rate_hz": RATE,
                    "segment_seconds": 0.064,
                    "eval_share": 0.3,
                    "num_eval_clips": 4,
                }
                | (dataset or {})
            ),
            model=evolve(model, **tables),
            losses=losses,
            optimizer={turn: AdamW(learning_rate=1e-3) for turn in CodecRecipe.turns},
            training=Training(**(settings | training)),
            evaluation=Evaluation(judges=judges),
        )

    return make


@pytest.fixture
def make_codec(speech, make_codec_recipe):
    def make(**settings):
        torch.manual_seed(1)
        params = load_params(speech.params)
        return build(make_codec_recipe(**settings), speech, params)

    return make
