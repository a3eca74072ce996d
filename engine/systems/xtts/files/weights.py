"""XTTS's weights in files of Coqui, its trainer or this engine. Reading one runs no code."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from attrs import field, frozen
from torch import Tensor

from engine.errors import UserError
from engine.files.untrusted import as_user_error
from engine.training.safe_load import load_saved

_DECODER = "hifigan_decoder."
_PARTS = {"gpt": "gpt.", "decoder": _DECODER}
_LEFT_OUT = {
    r"gpt\.gpt_inference\.": "copies for inference",
    r"gpt\.gpt\.wte\.": "copies for inference",
    r"gpt\.gpt\.h\.\d+\.attn\.(masked_)?bias$": "causal masks",
    r"(torch_mel_spectrogram_\w+|dvae)\.": "tensors of the trainer",
}
"""Entries that are no weights of XTTS itself, and what they are."""
_NORMED = {"weight_g": "parametrizations.weight.original0"}
_NORMED["weight_v"] = "parametrizations.weight.original1"
"""Length and direction of a normalized weight, as torch called them until 2.0 and since."""
_PLAIN = {
    # The published model.pth holds its configuration as objects of these classes.
    "TTS.config.shared_configs.BaseDatasetConfig",
    "TTS.tts.configs.xtts_config.XttsConfig",
    "TTS.tts.configs.xtts_config.XttsArgs",
    "TTS.tts.configs.xtts_config.XttsAudioConfig",
    "TTS.tts.models.xtts.XttsArgs",
    "TTS.tts.models.xtts.XttsAudioConfig",
    # Trainers write losses and paths beside the weights.
    "numpy.core.multiarray.scalar",
    "numpy._core.multiarray.scalar",
    "numpy.dtype",
    "pathlib.PosixPath",
    "pathlib.WindowsPath",
}
"""What a file may name besides tensors. Nothing of it is looked up: it becomes a `_Passed`."""


class _Passed:
    """Stands where a file has an object that nobody needs; takes whatever it is given."""

    def __init__(self, *_: object) -> None: ...

    def __setstate__(self, _: object) -> None: ...


@frozen(eq=False)
class XttsWeights:
    """The tensors of XTTS in a checkpoint; they lie in the file until they are copied."""

    gpt: dict[str, Tensor]
    """By the names of `XttsGpt.state_dict()`, which are upstream's."""
    decoder: dict[str, Tensor]
    """By the names of `HifiDecoder.state_dict()`; empty where there is no decoder."""
    mel_stats: Tensor | None
    left_out: Mapping[str, int] = field(factory=dict)
    """Groups of tensors that were left out, with their number."""

    def __str__(self) -> str:
        """A phrase on the tensors that were loaded and left out."""
        said = f"{len(self.gpt)} tensors of the GPT"
        if self.decoder:
            said += f", {len(self.decoder)} of the decoder"
        passed = [f"{number} {what}" for what, number in self.left_out.items()]
        return said + (f"; left out: {', '.join(passed)}" if passed else "")


def read_weights(path: Path) -> XttsWeights:
    """The weights of a published model.pth, of a checkpoint of Coqui's trainer, or of an export.

    Copies of the GPT that Coqui made for inference, and what its trainer saves besides, are left
    out. Raises UserError where the file is missing, damaged, holds code, or no GPT of XTTS.
    """
    content = read_pickle(path)
    with as_user_error(
        f"{path} is no checkpoint of XTTS: it has no table of tensors called 'model'."
    ):
        tensors = _tensors(content["model"])
    parts: dict[str, dict[str, Tensor]] = {part: {} for part in _PARTS}
    left_out: Counter[str] = Counter()
    mel_stats = None
    for name, value in tensors.items():
        if (what := _left_out(name)) is not None:
            left_out[what] += 1
        elif name == "mel_stats":
            mel_stats = value
        else:
            part = next((p for p, prefix in _PARTS.items() if name.startswith(prefix)), None)
            if part is None:
                raise UserError(f"{path} is no checkpoint of XTTS: it holds {name!r}.")
            parts[part][_renamed(name.removeprefix(_PARTS[part]))] = value
    if not parts["gpt"]:
        raise UserError(f"{path} holds no GPT: none of its tensors begins with 'gpt.'.")
    return XttsWeights(parts["gpt"], parts["decoder"], mel_stats, dict(left_out))


def load_gpt_state(path: Path) -> dict[str, Tensor]:
    """The GPT's weights alone: see `read_weights`."""
    return read_weights(path).gpt


def load_dvae_state(path: Path) -> dict[str, Tensor]:
    """The weights of a dvae.pth. Raises UserError where it is missing, damaged or holds code."""
    with as_user_error(
        f"{path} is no DVAE: it has to hold tensors by their names, and nothing else."
    ):
        return _tensors(read_pickle(path))


def load_mel_stats(path: Path) -> Tensor:
    """Divisors [80] of the bands of conditioning mels, from a mel_stats.pth.

    Raises UserError where it is missing, damaged, or holds anything else.
    """
    stats = read_pickle(path)
    if not isinstance(stats, Tensor) or stats.shape != (80,) or not _divides(stats):
        raise UserError(f"{path} is no mel_stats.pth: it has to hold 80 finite numbers, none zero.")
    return stats.float()


def read_pickle(path: Path) -> Any:
    """What torch.save wrote: tensors and plain values. Runs no code of the file.

    Objects of a few harmless classes that Coqui's files hold are read as nothing. Raises UserError
    where the file is missing, damaged, or asks for anything else.
    """
    if not path.is_file():
        raise UserError(f"There is no file {path}: 'cantus fetch xtts_v2' puts it in place.")
    passed: list[Any] = [(_Passed, name) for name in sorted(_PLAIN)]
    return load_saved(path, passed, mapped=True)


def _divides(stats: Tensor) -> bool:
    return bool((stats.isfinite() & (stats != 0)).all())


def _tensors(table: Any) -> dict[str, Tensor]:
    """A table of tensors, without the prefix that Coqui's trainer gives them."""
    return dict(_named(dict(table)))


def _named(table: Mapping[str, Tensor]) -> Iterator[tuple[str, Tensor]]:
    for name, value in table.items():
        if not isinstance(value, Tensor) or value.layout != torch.strided or value.is_meta:
            raise TypeError(f"{name} is no tensor")
        yield name.removeprefix("xtts."), value


def _left_out(name: str) -> str | None:
    return next((what for start, what in _LEFT_OUT.items() if re.match(start, name)), None)


def _renamed(name: str) -> str:
    module, _, last = name.rpartition(".")
    return f"{module}.{_NORMED[last]}" if last in _NORMED else name
