"""Models in the folders that `transformers` writes: looked at in a moment, or loaded whole.

Nothing is downloaded, and no file of a folder runs code.
"""

import pickle
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from torch import Tensor, nn

from engine.errors import UserError
from engine.files.pickles import require_bounded_file
from engine.files.untrusted import as_user_error, read_json_object

SAMPLE_RATE_HZ = 16_000
"""Sample rate that speech recognizers and speaker encoders take."""

_WEIGHTS = ("*.safetensors", "*.bin")
_ONLY_TRAINED_WITH = ("masked_spec_embed",)
"""Last names of weights that a model listens without: some published folders leave them out."""
_T = TypeVar("_T")


_WAY_OUT = (
    "Let [speech_evaluation] of params.toml name a folder as transformers' save_pretrained writes "
    "it."
)


def read_config(
    folder: Path, wanted: str, model_types: Iterable[str], way_out: str = _WAY_OUT
) -> Any:
    """The configuration of a model folder, of one of the `model_types` that are `wanted`.

    `way_out` says where the folder is named, and what it must be. Raises UserError where the
    folder, its configuration or its weights are missing, or it holds a model of another type.
    """
    from transformers import AutoConfig

    if not (folder / "config.json").is_file():
        raise UserError(f"{folder} is no {wanted}: there is no config.json in it. {way_out}")
    config = read_part(AutoConfig.from_pretrained, folder, "configuration")
    types = sorted(model_types)
    if config.model_type not in types:
        raise UserError(
            f"{folder} holds a model of type '{config.model_type}', which is no {wanted}. One is "
            f"of type {', '.join(types)}."
        )
    if not any(path for pattern in _WEIGHTS for path in folder.glob(pattern)):
        raise UserError(f"{folder} holds no weights, neither {' nor '.join(_WEIGHTS)}.")
    return config


def read_part(read: Callable[..., _T], folder: Path, what: str) -> _T:
    """A part of a model folder by its `from_pretrained`.

    Raises UserError where it has none, and where it brings code of its own: `transformers` would
    ask on the terminal whether to run it.
    """
    _refuse_code(folder)
    said = (
        f"{folder} holds no {what} that transformers can read. Save the model there whole, with "
        "its feature extractor and tokenizer."
    )
    damaged = (SafetensorError, StrictDataclassError, pickle.UnpicklingError)
    with as_user_error(said, OSError, ImportError, *damaged), quiet():
        return read(folder, local_files_only=True)


def _refuse_code(folder: Path) -> None:
    for path in sorted(folder.glob("*config.json")):
        content: dict[str, Any] = {}
        with suppress(UserError):  # what is damaged is reported where it is read
            content = read_json_object(path)
        if named := content.get("auto_map"):
            raise UserError(
                f"{folder} brings code of its own ({path.name}: auto_map, {str(named)[:100]}), and "
                "code of a folder is never run. Take a model that transformers has itself; if this "
                "is one, remove auto_map from the file."
            )


def _refuse_unbounded(folder: Path) -> None:
    """Raise UserError where weights would take for ever to read."""
    for path in sorted({*folder.glob("pytorch_model*.bin"), *_parts_of_index(folder)}):
        sentence = f"{path} is damaged, or made to do harm: it cannot be read safely."
        with as_user_error(sentence, zipfile.BadZipFile, OSError):
            require_bounded_file(path)


def _parts_of_index(folder: Path) -> Iterator[Path]:
    """The files that the index of weights in several files names, whatever they are called."""
    for index in folder.glob("pytorch_model*.index.json"):
        with suppress(UserError):  # what is damaged is reported where it is read
            named = read_json_object(index).get("weight_map")
            values = named.values() if isinstance(named, dict) else ()
            yield from {folder / name for name in values if isinstance(name, str)}


def load_network(auto_class: Any, folder: Path, device: torch.device) -> Any:
    """A model's network with its weights, in float32, in evaluation mode.

    Raises UserError where weights are missing, which `transformers` would make up at random.
    """

    def read(folder: Path, **more: Any) -> tuple[nn.Module, dict[str, Any]]:
        more |= {"dtype": torch.float32, "output_loading_info": True}
        found: tuple[nn.Module, dict[str, Any]] = auto_class.from_pretrained(folder, **more)
        return found

    _refuse_unbounded(folder)
    network, found = read_part(read, folder, "weights")
    missing = sorted(n for n in found["missing_keys"] if not n.endswith(_ONLY_TRAINED_WITH))
    if missing:
        raise UserError(
            f"{folder} lacks {len(missing)} of the weights of a {type(network).__name__}, first "
            f"{missing[0]}: it was saved for something else."
        )
    return network.eval().requires_grad_(False).to(device)


@contextmanager
def quiet() -> Iterator[None]:
    """Inside, `transformers` draws no bars and lists no weights: what matters is said by us."""
    import transformers

    logging: Any = transformers.utils.logging
    before, shown = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(before)
        if shown:
            logging.enable_progress_bar()


def features(extract: Any, audio: np.ndarray, device: torch.device) -> dict[str, Tensor]:
    """What a network takes of audio [samples] at 16 kHz, by its feature extractor."""
    made = extract(audio, sampling_rate=SAMPLE_RATE_HZ, return_tensors="pt")
    return {name: tensor.to(device) for name, tensor in made.items()}


def at_16_khz(audio: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """Audio [samples] resampled to what these models take."""
    import soxr

    result: np.ndarray = soxr.resample(audio.astype(np.float32), sample_rate_hz, SAMPLE_RATE_HZ)
    return result
