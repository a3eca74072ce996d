"""The model that `cantus clone` is given. No torch: it is loaded after the model is found."""

from pathlib import Path

from engine.project import find_project
from engine.system_support.trained_model import TrainedModel, trained_model
from engine.systems.codec_lm.recipe import CodecLmRecipe

EXPORT = "transformers"
"""In the export folder of a trained recipe."""
_CONFIG = "config.json"


def find_cloning_model(name: str) -> TrainedModel[CodecLmRecipe] | Path:
    """A trained recipe by its name, or an exported folder.

    Raises UserError where there is none, it is not trained, or it is of another system.
    """
    if (Path(name) / _CONFIG).is_file():
        return Path(name)
    what, hint = "voice-cloning model", f"an exported folder holds {_CONFIG}"
    exported = f"{EXPORT}/{_CONFIG}"
    return trained_model(find_project(), name, CodecLmRecipe, exported, what, hint)
