"""The project that a campaign trains in: the shipped recipes, with corpora of several kinds."""

import shutil
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
sample_rates_hz = {rates}
at_most_bad = 1.0
{more}
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
RECORDED = {
    "speech_commands_like": [16_000],
    "single_speaker": [8_000, 22_050],
    "multi_speaker": [8_000, 16_000],
    "hungarian": [8_000, 22_050],
    "telugu": [8_000],
}
"""Corpora of real recordings, which do not come with Cantus: folders below a given one."""
_MORE = {"multi_speaker": 'speakers = "folder"'}
"""Further settings of corpora."""
_NUM_WORDS, _NUM_SENTENCES, _NUM_VOICES = 160, 120, 6


def open_project(root: Path, recordings: Path | None) -> Project:
    """The campaign's project, laid out where it is not there yet."""
    project = Project(root)
    if not project.params.is_file():
        lay_project(root)
    for name in RECORDED:
        if recordings and not (root / "data" / name).is_dir():
            shutil.copytree(recordings / name, root / "data" / name)
    set_seed(project, 1)
    return project


def set_seed(project: Project, seed: int) -> None:
    """Write params.toml: one thread, no trackers, and this seed."""
    sources = {name: ("builtin", [rate]) for name, rate in BUILT_IN.items()}
    sources |= {name: (f"data/{name}", [rate]) for name, rate in MADE.items()}
    sources |= {name: (f"data/{name}", rates) for name, rates in RECORDED.items()}
    corpora = (
        _CORPUS.format(name=name, source=source, rates=rates, more=_MORE.get(name, ""))
        for name, (source, rates) in sources.items()
        if source == "builtin" or name in MADE or (project.root / source).is_dir()
    )
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
        voice = number % _NUM_VOICES
        rows.append(f"{number:04d}.wav|{text}|voice_{voice}|en")
        clip = spoken_clip(seconds, MADE[name], random, pitch_hz=90.0 * 1.2**voice)
        _write(folder / f"{number:04d}.wav", clip, MADE[name])
    (folder / "metadata.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def _write(path: Path, samples: np.ndarray, rate: int) -> None:
    soundfile.write(path, samples, rate, subtype="PCM_16")
