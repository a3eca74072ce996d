"""Loads the model that `cantus speak` is given."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from attrs import evolve, frozen

from engine.system_support.trained_model import TrainedModel
from engine.systems.xtts.recipe import Dataset, Speech, XttsRecipe
from engine.systems.xtts.speech.exported import Exported, read_exported


@frozen(eq=False)
class SpeakingModel:
    """A model, and its recipe's settings for speaking."""

    exported: Exported
    folder: Path
    """Folder of the trained model, or of the weights."""
    speech: Speech
    dataset: Dataset
    """Limits of what it was trained on."""
    language: str
    """Language of texts without --language."""


def open_speaking_model(
    found: TrainedModel[XttsRecipe] | Path, sampling: Mapping[str, Any], device: torch.device
) -> SpeakingModel:
    """Load a model that `find_speaking_model` found.

    `sampling` are keys of [speech] that take the place of the recipe's. Raises UserError where the
    model cannot be read.
    """
    if isinstance(found, Path):
        return _published(found, evolve(Speech(), **sampling), device)
    speech = evolve(found.recipe.speech, **sampling)
    exported = read_exported(found.export, speech, device)
    dataset = found.recipe.dataset
    language = speech.language or dataset.languages[0]
    return SpeakingModel(exported, found.folder, speech, dataset, language)


def _published(folder: Path, speech: Speech, device: torch.device) -> SpeakingModel:
    """Weights without a recipe: the limits are those of the recipe class."""
    exported = read_exported(folder, speech, device)
    languages = exported.tokenizer.languages
    dataset = Dataset(corpus="none", languages=languages)
    return SpeakingModel(exported, folder, speech, dataset, languages[0])
