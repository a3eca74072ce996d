"""A project in a temporary folder whose clips and transcripts are made on the spot."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile

from engine.corpus import ingest
from engine.project import Project
from engine.recipe import load_params
from engine.systems.xtts.recipe import SAMPLE_RATE_HZ
from engine.systems.xtts.text.normalize import normalize
from engine.systems.xtts.text.vocabulary import character_vocabulary

LANGUAGE = "en"
NUM_CLIPS = 72
WORDS_PER_SECOND = 2.6
NUM_TEXT_TOKENS, NUM_MERGES = 6681, 250
"""Number of tokens as published; so many merges cut a text about as finely."""
_PARAMS = """
seed = 1
profile = "full"
[hardware]
device = "cpu"
num_threads = 1
[corpora.speech]
source = "data/speech"
sample_rates_hz = [%s]
[tracking]
mirrors = []
"""


def speech_project(root: Path, rate: int = SAMPLE_RATE_HZ) -> Project:
    """A project with a corpus of clips that have the length of sentences, and a vocab.json."""
    folder = root / "data" / "speech"
    folder.mkdir(parents=True)
    (root / "params.toml").write_text(_PARAMS % rate, encoding="utf-8")
    random = np.random.default_rng(1)
    lexicon = lexicon_of(random)
    texts = []
    for number in range(NUM_CLIPS):
        seconds = random.uniform(3.0, 11.0)
        texts.append(" ".join(random.choice(lexicon, round(seconds * WORDS_PER_SECOND))) + ".")
        samples = spoken_clip(seconds, rate, random)
        soundfile.write(folder / f"{number:04d}.wav", samples, rate, subtype="PCM_16")
    rows = (f"{number:04d}|{text}|{text}\n" for number, text in enumerate(texts))
    (folder / "metadata.csv").write_text("".join(rows), encoding="utf-8")
    project = Project(root)
    ingest("speech", load_params(project.params).corpora["speech"], project)
    (root / "vocab.json").write_text(_vocabulary(texts), encoding="utf-8")
    return project


def lexicon_of(random: np.random.Generator) -> list[str]:
    """Words of one to three syllables."""
    syllables = [first + vowel for first in "bdfghklmnprstvwz" for vowel in "aeiou"]
    return ["".join(random.choice(syllables, random.integers(1, 4))) for _ in range(400)]


def spoken_clip(
    seconds: float, rate: int, random: np.random.Generator, pitch_hz: float | None = None
) -> np.ndarray:
    """Gliding harmonics and noise, four syllables a second, about a pitch that is else drawn."""
    time_s = np.arange(int(seconds * rate)) / rate
    pitch = (pitch_hz or random.uniform(90, 250)) * (1 + 0.2 * np.sin(2 * np.pi * 0.7 * time_s))
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    voice = sum(np.sin(k * phase) / k for k in range(1, 12))
    noise = random.normal(size=len(time_s)) * 0.1
    clip: np.ndarray = 0.1 * np.sin(np.pi * 4 * time_s) ** 2 * (voice + noise)
    return clip


def _vocabulary(texts: Sequence[str]) -> str:
    """Merges of the transcripts, then tokens that no text has, up to the published number."""
    spoken = [normalize(text, LANGUAGE) for text in texts]
    file = json.loads(character_vocabulary(spoken, [LANGUAGE], NUM_MERGES))
    known: dict[str, int] = file["model"]["vocab"]
    known |= {f"unused {number}": number for number in range(len(known), NUM_TEXT_TOKENS)}
    return json.dumps(file)
