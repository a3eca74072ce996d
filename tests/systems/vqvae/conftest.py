"""A small corpus of synthetic words, ingested for real once a session, and systems built on it."""

import numpy as np
import pytest
import soundfile
import torch

from engine.corpus import ingest
from engine.project import Project
from engine.recipe import load_params
from engine.recipe.optimizers import Adam
from engine.recipe.params import Work
from engine.recipe.training import Training
from engine.systems.vqvae.recipe import (
    AlignedNetwork,
    BatchMinMax,
    Dataset,
    EmaCodes,
    Losses,
    PuzzleNetwork,
    VqvaeRecipe,
)
from engine.systems.vqvae.system import build

PARAMS = """
seed = 1
profile = "full"
[hardware]
device = "cpu"
num_threads = 1
[corpora.words]
source = "data/words"
sample_rates_hz = [16000]
[tracking]
mirrors = []
"""

MODELS = {
    "puzzle": PuzzleNetwork(),
    "min/max": PuzzleNetwork(normalisation=BatchMinMax()),
    "aligned": AlignedNetwork(),
    "aligned ema": AlignedNetwork(quantizer=EmaCodes()),
}
LOSSES = {
    "gradient": Losses(commitment=0.25, codebook=1.0),
    "ema": Losses(commitment=0.25),
    "ordered": Losses(),
}


def word(random, seconds):
    times = np.arange(int(seconds * 16_000)) / 16_000
    voice = sum(np.sin(2 * np.pi * random.uniform(90, 220) * k * times) / k for k in range(1, 9))
    return 0.2 * np.sin(np.pi * times / seconds) ** 2 * voice + random.normal(0, 1e-3, len(times))


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    root = tmp_path_factory.mktemp("project")
    random = np.random.default_rng(0)
    for speaker in range(8):
        for label in ("no", "stop", "yes"):
            path = root / "data" / "words" / label / f"voice{speaker}_nohash_0.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            samples = word(random, random.uniform(0.6, 1.4))
            soundfile.write(path, samples, 16_000, subtype="PCM_16")
    (root / "recipes").mkdir()
    (root / "params.toml").write_text(PARAMS)
    made = Project(root)
    ingest("words", load_params(made.params).corpora["words"], made, work=Work(num_workers=1))
    return made


@pytest.fixture(scope="session")
def params(project):
    return load_params(project.params)


@pytest.fixture
def make_recipe():
    def make(model="aligned", batch_size=8, **dataset):
        table = MODELS[model]
        return VqvaeRecipe(
            schema=2,
            name="words",
            system="vqvae",
            summary="a test",
            dataset=Dataset(corpus="words", **{"eval_share": 0.3, **dataset}),
            model=table,
            losses=LOSSES[table.quantizer.kind],
            optimizer={"autoencoder": Adam(learning_rate=3e-3)},
            training=Training(steps=10, batch_size=batch_size, best="eval/rmse_db"),
        )

    return make


@pytest.fixture
def make_system(project, params, make_recipe):
    def make(model="aligned", **settings):
        torch.manual_seed(1)
        return build(make_recipe(model, **settings), project, params)

    return make


@pytest.fixture(params=MODELS)
def system(request, make_system):
    return make_system(request.param)


def train(system, num_steps):
    """A few plain steps, without the loop."""
    optimizer = torch.optim.Adam(system.module.parameters(), lr=3e-3)
    weights = system.turns[0].weights
    batch = system.train_clips.batch(range(len(system.train_clips)), np.random.default_rng(0))
    system.module.train()
    for _ in range(num_steps):
        optimizer.zero_grad()
        terms = system.module.autoencoder(system.module.prepare(batch))
        sum(weights[name] * value for name, value in terms.losses.items()).backward()
        optimizer.step()
    system.module.eval()
    return system
