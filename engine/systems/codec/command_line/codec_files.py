"""What `cantus encode`, `decode` and `reconstruct` share: opening a codec by its name."""

from pathlib import Path

from engine.errors import UserError
from engine.project import find_project
from engine.system_support.device import open_device
from engine.system_support.trained_model import trained_model
from engine.systems.codec.files.code_file import Codec
from engine.systems.codec.files.transformers_weights import CONFIG
from engine.systems.codec.files.weights import network_of, read_upstream
from engine.systems.codec.recipe import CodecRecipe

_SUFFIXES = (".pth", ".pt", ".bin", ".safetensors")


def open_codec(model: str, device: str, num_quantizers: int | None = None) -> Codec:
    """The codec of a file of weights, of a folder of transformers, or of a trained recipe.

    `device` is "cpu", "cuda", or "auto": the GPU where there is one. Raises UserError where "cuda"
    is asked for and there is no GPU, and where the codec is not trained, is not a codec, has fewer
    quantizers than are asked for, or cannot be read.
    """
    place = open_device(device)
    path = Path(model)
    is_path = path.suffix in _SUFFIXES or (path / CONFIG).is_file()
    weights = path if is_path else _trained(model)
    given = read_upstream(weights)
    most = given.settings.num_codebooks
    if num_quantizers is not None and not 1 <= num_quantizers <= most:
        raise UserError(
            f"--quantizers {num_quantizers} is out of range: this model has {most} quantizers "
            f"(use 1 to {most})."
        )
    return Codec(network_of(given, weights).to(place), given.level)


def _trained(name: str) -> Path:
    """The weights of a trained codec, by the name of its recipe."""
    hint = f"weights in a file must end in {', '.join(_SUFFIXES)}"
    found = trained_model(find_project(), name, CodecRecipe, "weights.pth", "codec", hint)
    return found.export / "weights.pth"
