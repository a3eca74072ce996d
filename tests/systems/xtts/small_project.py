"""A small corpus of two voices that say the same sentences, and small GPTs from scratch on it."""

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
from engine.recipe.training import Start, Training
from engine.runs.run import Run
from engine.system_support.build import build_system
from engine.systems.xtts.recipe import Dataset, Losses, Scratch, XttsRecipe
from engine.systems.xtts.system import build
from tests.systems.stops_at import StopsAt

RATE = 22_050
PARAMS = """
seed = 1
profile = "full"
[hardware]
device = "cpu"
num_threads = 1
[corpora.speech]
source = "data/speech"
sample_rates_hz = [22050]
[tracking]
mirrors = []
"""
VOICES = {"anna": 210.0, "bela": 110.0}
SENTENCES = (
    "jó napot", "viszlát", "hol van a ház", "itt a kert", "szép az idő", "ez egy alma",
    "nem tudom", "köszönöm szépen", "kérek vizet", "megy a vonat", "süt a nap", "esik az eső",
)  # fmt: skip
SMALL = Scratch(num_layers=2, dim=32, num_heads=2, num_codes=16, dropout=0.1)
SHORTEST, LONGEST = 0.55, 0.95


def said(text, pitch, random):
    """A vowel's harmonics for each letter, and a little noise: SHORTEST to LONGEST seconds."""
    length = int(RATE * random.uniform(SHORTEST, LONGEST))
    times, letters = np.arange(length) / RATE, np.array([ord(letter) for letter in text])
    letter = letters[np.arange(length) * len(letters) // length]
    harmonics = ((k, 0.5 + 0.5 * np.cos(letter * k)) for k in range(1, 9))
    voice = sum(size * np.sin(2 * np.pi * pitch * k * times) / k for k, size in harmonics)
    return 0.2 * voice + random.normal(0, 1e-3, length)


@pytest.fixture(scope="session")
def spoken_project(tmp_path_factory):
    """A project whose corpus "speech" has each sentence in each voice, 24 clips."""
    root = tmp_path_factory.mktemp("spoken")
    folder, random = root / "data" / "speech", np.random.default_rng(0)
    folder.mkdir(parents=True)
    lines = ["file_name|text|speaker|language"]
    for voice, pitch in VOICES.items():
        for number, text in enumerate(SENTENCES):
            name = f"{voice}_{number:02d}.wav"
            soundfile.write(folder / name, said(text, pitch, random), RATE, subtype="PCM_16")
            lines.append(f"{name}|{text}|{voice}|hu")
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n", "utf-8")
    (root / "recipes").mkdir()
    (root / "params.toml").write_text(PARAMS)
    made = Project(root)
    ingest("speech", load_params(made.params).corpora["speech"], made, work=Work(num_workers=1))
    return made


@pytest.fixture
def make_xtts_recipe():
    """A recipe for the small corpus: make(dataset={...}, losses=..., steps=4)."""

    def make(*, model=SMALL, losses=None, dataset=None, decays="weights", **training):
        settings = {"steps": 6, "batch_size": 4, "best": "eval/mel_ce", "log_every_steps": 1}
        table = {"corpus": "speech", "languages": ("hu",), "split": "text_disjoint"}
        table |= {"eval_share": 0.3, "conditioning_seconds": (0.3, 0.5)}
        return XttsRecipe(
            schema=2,
            name="small",
            system="xtts",
            summary="a test",
            dataset=Dataset(**(table | (dataset or {}))),
            model=model,
            losses=losses or Losses(),
            optimizer={"gpt": AdamW(learning_rate=1e-3, decays=decays)},
            training=Training(**(settings | training)),
            samples=Samples(num_clips=0),
        )

    return make


@pytest.fixture
def make_xtts(spoken_project, make_xtts_recipe):
    """The system of such a recipe, in evaluation mode."""

    def make(seed=1, **settings):
        torch.manual_seed(1)
        params = evolve(load_params_of(spoken_project), seed=seed)
        system = build(make_xtts_recipe(**settings), spoken_project, params)
        system.module.eval()
        return system

    return make


@pytest.fixture
def train(spoken_project, tmp_path, monkeypatch):
    """Trains in a copy of the project of that name: train(name, recipe, watcher)."""
    monkeypatch.setattr("engine.runs.finish.build_report", lambda *_: None)  # 4 s of curves

    def run(name, recipe, watcher=None):
        root = tmp_path / name
        if not root.exists():
            shutil.copytree(spoken_project.root, root)
        project = Project(root)
        params = load_params_of(project)
        return Run(recipe, project, params, build_system, watcher or StopsAt()).train()

    return run


@torch.no_grad()
def let_know_how_often_tokens_stop(heads):
    """Let heads, each with its stop token, cost less than chance, as published weights do."""
    for head, stop in heads:
        head.weight.mul_(0.1)
        head.bias.zero_()
        head.bias[stop] = 0.7


def load_params_of(project):
    return load_params(project.params)


def later(recipe, name="later", **start):
    """A second phase of a recipe, at a lower rate."""
    optimizer = {"gpt": evolve(recipe.optimizer["gpt"], learning_rate=3e-4)}
    chosen = Start(**({"from_": recipe.name} | start))
    return evolve(recipe, name=name, start=chosen, optimizer=optimizer)
