"""The version of the code that decides what a recipe learns and measures: part of its identity."""

import hashlib
import inspect
from pathlib import Path

import torch

import engine
from engine.recipe.schema import Recipe

_SHARED = (
    "split",
    "evaluation/audio.py",
    "metrics",
    "nn",
)
"""What every system shares: who is held out, figures, layers. Stages in dvc.yaml depend on it."""


def code_version(recipe: Recipe) -> str:
    """SHA-256 over `code_files`, and over the versions of Cantus and torch.

    A run whose code was edited in between is another run: its weights would be half old, half new,
    and figures by other rules would stand beside each other.
    """
    versions = f"{engine.__version__} {torch.__version__} {source_digest(recipe)}"
    return hashlib.sha256(versions.encode()).hexdigest()


def source_digest(recipe: Recipe) -> str:
    """SHA-256 over `code_files` alone: what is made by them is the same with another torch."""
    digest = hashlib.sha256()
    for path in code_files(recipe):
        digest.update(f"{path.parent.name}/{path.name} ".encode() + path.read_bytes())
    return digest.hexdigest()


def code_files(recipe: Recipe) -> list[Path]:
    """The sources of the recipe's system, and what of the engine every system shares."""
    room = Path(inspect.getfile(type(recipe))).parent
    package = Path(inspect.getfile(engine)).parent
    places = [room, *(package / name for name in _SHARED)]
    return [file for place in places for file in _sources(place)]


def _sources(place: Path) -> list[Path]:
    return sorted(place.rglob("*.py")) if place.is_dir() else [place]
