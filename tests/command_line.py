"""The command line as tests run it, and a project to run it in."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import frozen

from engine.cli import main

PARAMS = """\
profile = "demo"
seed = 1

[hardware]
num_threads = 1

[corpora.words]
source = "builtin"
sample_rates_hz = [16_000]
"""
RECIPE = """\
schema = 2
name = "words"
system = "vqvae"
summary = "a test"
upstream = "audio_puzzle_vae"

[dataset]
corpus = "words"

[model]
kind = "puzzle"

[losses]
commitment = 0.25
codebook = 1.0

[optimizer.autoencoder]
kind = "adam"
learning_rate = 1e-3

[training]
epochs = 5
batch_size = 64
best = "eval/rmse_db"
"""
DEMO = """\
extends = "../words.toml"

[training]
epochs = 1
"""
UPSTREAM = Path(__file__).parents[1] / "upstream" / "audio_puzzle_vae.toml"


@frozen
class Answer:
    """What a command left: its exit code and what it printed."""

    code: int
    out: str
    error: str


@pytest.fixture
def recipe() -> str:
    return RECIPE


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git checkout laid out like a project, with a recipe and its demo; the working directory."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / "params.toml").write_text(PARAMS, encoding="utf-8")
    (tmp_path / "recipes" / "demo").mkdir(parents=True)
    (tmp_path / "recipes" / "words.toml").write_text(RECIPE, encoding="utf-8")
    (tmp_path / "recipes" / "demo" / "words.toml").write_text(DEMO, encoding="utf-8")
    (tmp_path / "upstream").mkdir()
    shutil.copy(UPSTREAM, tmp_path / "upstream")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def cantus(capsys: pytest.CaptureFixture[str]) -> Callable[..., Answer]:
    """Run a command of the command line."""

    def cantus(*words: str) -> Answer:
        with pytest.raises(SystemExit) as left:
            main(words)
        printed = capsys.readouterr()
        return Answer(int(left.value.code or 0), printed.out, printed.err)

    return cantus
