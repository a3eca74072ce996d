"""The project that a campaign trains in: the shipped recipes, with corpora of several kinds."""

from pathlib import Path

import numpy as np
import soundfile

from benchmarks.speech_project import WORDS_PER_SECOND, lexicon_of, spoken_clip
from benchmarks.words_project import made_word
from engine.corpus import ingest
from engine.pipeline.new_project import lay_project
from engine.project import Project
from engine.recipe import load_params

_PARAMS = """\
profile = "demo"
seed = {seed}

[hardware]
device = "cpu"
num_threads = 1

[work]
num_workers = 1

[tracking]
mirrors = []
"""
_CORPUS = """
[corpora.{name}]
source = "{source}"
sample_rates_hz = [{rate}]
"""
BUILT_IN = {
    "words": 16_000,
    "speech": 8_000,
    "voice": 22_050,
    "speakers": 16_000,
    "cloning": 8_000,
}
"""The corpora of the shipped demos, with their sample rates."""
MADE = {"gliding": 16_000, "sentences": 8_000}
"""Corpora of made sounds: short words, and sentences in several voices."""
_NUM_WORDS, _NUM_SENTENCES, _NUM_VOICES = 320, 120, 6


def open_project(root: Path) -> Project:
    """The campaign's project, laid out where it is not there yet."""
    if not (root / "params.toml").is_file():
        lay_project(root)
        set_seed(Project(root), 1)
    return Project(root)


def set_seed(project: Project, seed: int) -> None:
    """Write params.toml: one thread, no trackers, and this seed."""
    corpora = [
        _CORPUS.format(name=name, source="builtin", rate=rate) for name, rate in BUILT_IN.items()
    ]
    corpora += [
        _CORPUS.format(name=name, source=f"data/{name}", rate=rate) for name, rate in MADE.items()
    ]
    project.params.write_text(_PARAMS.format(seed=seed) + "".join(corpora), encoding="utf-8")


def require_corpus(project: Project, name: str) -> None:
    """Make and ingest a corpus where that was not done yet."""
    if (project.corpus(name) / "corpus.json").is_file():
        return
    if name in MADE and not (project.root / "data" / name).is_dir():
        _write_corpus(name, project.root / "data" / name)
    ingest(name, load_params(project.params).corpora[name], project)


def _write_corpus(name: str, folder: Path) -> None:
    folder.mkdir(parents=True)
    random = np.random.default_rng(1)
    if name == "gliding":
        for number in range(_NUM_WORDS):
            _write(folder / f"{number:04d}.wav", made_word(random), MADE[name])
        return
    lexicon, rows = lexicon_of(random), ["file_name|text|speaker|language"]
    for number in range(_NUM_SENTENCES):
        seconds = random.uniform(1.0, 4.0)
        text = " ".join(random.choice(lexicon, 1 + round(seconds * WORDS_PER_SECOND)))
        rows.append(f"{number:04d}.wav|{text}|voice_{number % _NUM_VOICES}|en")
        _write(folder / f"{number:04d}.wav", spoken_clip(seconds, MADE[name], random), MADE[name])
    (folder / "metadata.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def _write(path: Path, samples: np.ndarray, rate: int) -> None:
    soundfile.write(path, samples, rate, subtype="PCM_16")
