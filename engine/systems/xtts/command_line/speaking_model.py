"""The model that `cantus speak` is given: a trained recipe by its name, or a folder of weights."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from attrs import evolve, frozen

from engine.errors import UserError
from engine.project import find_project
from engine.system_support.trained_model import trained_model
from engine.systems.xtts.files.published import MODEL
from engine.systems.xtts.recipe import Dataset, Speech, XttsRecipe
from engine.systems.xtts.speech.exported import Exported, read_exported


@frozen(eq=False)
class SpeakingModel:
    """A model, and what its recipe says of how it speaks."""

    exported: Exported
    folder: Path
    """Of the trained model, or of the weights."""
    speech: Speech
    dataset: Dataset
    """Limits of what it was trained on."""
    language: str
    """Of texts that name none."""

    def default_voice(self) -> Path:
        """The recording of the model's first sample. Raises UserError where there is none."""
        found = sorted(self.folder.glob("samples/final/*/original.wav"))
        if not found:
            raise UserError(
                f"{self.folder} holds no sample whose voice could be taken: give --voice, 3 to "
                "30 s of speech."
            )
        return found[0]


def open_speaking_model(
    name: str, sampling: Mapping[str, Any], device: torch.device
) -> SpeakingModel:
    """Load a model; `sampling` are keys of [speech] that take the place of the recipe's.

    Raises UserError where it is not trained, is of another system, or cannot be read.
    """
    if (Path(name) / MODEL).is_file():
        return _published(Path(name), evolve(Speech(), **sampling), device)
    hint = f"a folder of weights holds {MODEL}"
    found = trained_model(find_project(), name, XttsRecipe, MODEL, "speaking model", hint)
    speech = evolve(found.recipe.speech, **sampling)
    exported = read_exported(found.export, speech, device)
    dataset = found.recipe.dataset
    language = speech.language or dataset.languages[0]
    return SpeakingModel(exported, found.folder, speech, dataset, language)


def _published(folder: Path, speech: Speech, device: torch.device) -> SpeakingModel:
    """Weights without a recipe: limits are those of the recipe class."""
    exported = read_exported(folder, speech, device)
    languages = exported.tokenizer.languages
    dataset = Dataset(corpus="none", languages=languages)
    return SpeakingModel(exported, folder, speech, dataset, languages[0])
