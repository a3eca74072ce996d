"""The version of the code that decides what a recipe learns: part of a run's identity."""

import hashlib
import inspect
from pathlib import Path

import torch

import engine
from engine.recipe.schema import Recipe


def code_version(recipe: Recipe) -> str:
    """SHA-256 over the sources of the recipe's system and of `engine/nn`, and over torch's version.

    A run whose code was edited in between is another run: its weights would be half old, half new.
    """
    room = Path(inspect.getfile(type(recipe))).parent
    shared = Path(inspect.getfile(engine)).parent / "nn"
    digest = hashlib.sha256(f"{engine.__version__} {torch.__version__}".encode())
    for path in (*sorted(room.glob("*.py")), *sorted(shared.glob("*.py"))):
        digest.update(f"{path.parent.name}/{path.name} ".encode() + path.read_bytes())
    return digest.hexdigest()
