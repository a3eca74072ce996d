"""Loads the codec of `cantus encode`, `decode` and `reconstruct`."""

from pathlib import Path

from engine.errors import UserError
from engine.system_support.device import open_device
from engine.systems.codec.files.code_file import Codec
from engine.systems.codec.files.weights import network_of, read_upstream


def open_codec(weights: Path, device: str, num_quantizers: int | None = None) -> Codec:
    """The codec of weights that `find_codec` found.

    `device` is "cpu", "cuda", or "auto": the GPU where there is one. Raises UserError where it is
    missing, and where the codec has fewer quantizers than asked for, or cannot be read.
    """
    place = open_device(device)
    given = read_upstream(weights)
    most = given.settings.num_codebooks
    if num_quantizers is not None and not 1 <= num_quantizers <= most:
        raise UserError(
            f"--quantizers {num_quantizers} is out of range: this model has {most} (use 1 to "
            f"{most})."
        )
    return Codec(network_of(given, weights).to(place), given.level)
