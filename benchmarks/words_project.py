"""A project in a temporary folder whose corpus is made on the spot: benchmarks need no data."""

from pathlib import Path

import numpy as np
import soundfile

from engine.corpus import ingest
from engine.project import Project
from engine.recipe import load_params

NUM_CLIPS = 320
_PARAMS = """
seed = 1
profile = "full"
[hardware]
device = "cpu"
num_threads = 2
[corpora.words]
source = "data/words"
sample_rates_hz = [16000]
[tracking]
mirrors = []
"""


def words_project(root: Path) -> Project:
    """A project whose corpus is made of short synthetic words: gliding harmonics and noise."""
    words = root / "data" / "words"
    words.mkdir(parents=True)
    (root / "recipes").mkdir()
    (root / "params.toml").write_text(_PARAMS, encoding="utf-8")
    random = np.random.default_rng(1)
    for number in range(NUM_CLIPS):
        samples = made_word(random)
        soundfile.write(words / f"{number:04d}.wav", samples, 16_000, subtype="PCM_16")
    project = Project(root)
    ingest("words", load_params(project.params).corpora["words"], project)
    return project


def made_word(random: np.random.Generator) -> np.ndarray:
    """A word of a second or less at 16 kHz: gliding harmonics and noise."""
    seconds = np.arange(int(random.uniform(0.6, 1.0) * 16_000)) / 16_000
    phase = 2 * np.pi * random.uniform(90, 250) * (seconds + random.uniform(-0.2, 0.2) * seconds**2)
    voice = sum(np.sin(k * phase) / k for k in range(1, 20))
    noise = random.normal(size=len(seconds)) * random.uniform(0.01, 0.2)
    envelope = np.sin(np.pi * seconds / seconds[-1]) ** 2
    word: np.ndarray = 0.2 * envelope * (voice + noise)
    return word
