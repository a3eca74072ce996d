"""The codec that `--model` names. No torch: it is refused, where it must be, before torch loads."""

from pathlib import Path

from engine.errors import UserError
from engine.project import find_project
from engine.system_support.trained_model import trained_model
from engine.systems.codec.recipe import CodecRecipe

_SUFFIXES = (".pth", ".pt", ".bin", ".safetensors")
_CONFIG = "config.json"
"""In the folder of a `DacModel`."""


def find_codec(model: str) -> Path:
    """The weights of a codec: a file, a folder of transformers, or those of a trained recipe.

    Raises UserError where there is no such codec, or it is not trained.
    """
    path = Path(model)
    if path.suffix in _SUFFIXES or (path / _CONFIG).is_file():
        if not path.exists():
            raise UserError(f"There are no weights at {path}.")
        return path
    hint = f"weights in a file must end in {', '.join(_SUFFIXES)}"
    found = trained_model(find_project(), model, CodecRecipe, "weights.pth", "codec", hint)
    return found.export / "weights.pth"
