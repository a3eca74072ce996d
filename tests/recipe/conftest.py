from collections.abc import Callable
from pathlib import Path

import pytest

from engine.recipe import Recipe, RecipeError, load_recipe
from engine.system_support.discovery import recipe_classes

MINIMAL = """\
schema = 2
name = "words"
system = "vqvae"
summary = "a test"

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


@pytest.fixture
def minimal() -> str:
    return MINIMAL


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, so that messages name files without a path."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def write(folder: Path) -> Callable[..., Path]:
    def write(text: str, name: str = "words") -> Path:
        path = folder / f"{name}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture
def load(write) -> Callable[..., Recipe]:
    """Write a recipe and load it."""

    def load(text: str = MINIMAL, *overrides: str) -> Recipe:
        path = write(text)
        return load_recipe(path, classes=recipe_classes(), overrides=overrides)

    return load


@pytest.fixture
def faults(load) -> Callable[..., list[str]]:
    """Write a faulty recipe and say what its error lists."""

    def faults(text: str, *overrides: str) -> list[str]:
        with pytest.raises(RecipeError) as caught:
            load(text, *overrides)
        return [str(fault) for fault in caught.value.faults]

    return faults
