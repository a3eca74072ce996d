"""A codec's weights as `dac` reads and writes them (`weights.pth`). Reading one runs no code."""

import copy
import io
import math
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from attrs import frozen
from torch import Tensor

from engine.errors import RefusedValuesError, UserError
from engine.files.atomic import write_atomically
from engine.files.nature import is_safetensors, require_weights
from engine.files.untrusted import as_user_error
from engine.recipe.fields import setting, within
from engine.recipe.structure import structure
from engine.systems.codec.files.transformers_folder import read_transformers
from engine.systems.codec.files.transformers_weights import (
    named_as_upstream,
    read_settings,
    weights_in,
)
from engine.systems.codec.network.chunks import decoder_margin
from engine.systems.codec.network.network import CodecNetwork, NetworkSettings
from engine.systems.codec.recipe import Level, Loudness, Model
from engine.training.safe_load import load_state, load_tensors

_OURS = "cantus"
"""The entry of the metadata that only this engine writes; upstream ignores it."""
_COUNTS = "quantizer.counts"
_LEARNING = ("quantizer_dropout",)
"""Settings in which two networks with tensors of the same shapes may differ."""
_ARGUMENTS = ("encoder_dim", "latent_dim", "decoder_dim", "codebook_size", "codebook_dim")
"""Arguments of `dac.DAC` that have the same name in a recipe's table."""
_MOST_RATES = 16
_PREFIXES = ("module.", "model.", "_orig_mod.", "generator.")
"""Prefixes that wrappers and trainers put before every name."""
_OLDER_NAMES = {
    ".parametrizations.weight.original0": ".weight_g",
    ".parametrizations.weight.original1": ".weight_v",
}
"""Names of the parts of a normalized weight, as torch has them since 2.0."""
_TOLERANCE = 1e-4
"""Largest difference between samples that two programs decode from one code; full scale 1."""


@frozen
class UpstreamWeights:
    """What a weights.pth holds: a configuration, tensors, and the level of the codec's input."""

    settings: NetworkSettings
    state: Mapping[str, Tensor]
    level: Level


@frozen(kw_only=True)
class _Tables:
    """The settings of a network in a file, checked against the same limits as a recipe."""

    model: Model = setting("the networks")
    sample_rate_hz: int = setting("sample rate of the audio", check=within(1_000, 768_000))
    # Upstream's own command brings everything to this loudness.
    level: Level = setting("level of the network's input", default=Loudness(lufs=-16.0))


def write_upstream(network: CodecNetwork, path: Path, level: Mapping[str, Any]) -> None:
    """Write the network's weights so that `dac.DAC.load` loads them.

    `level` (a recipe's table `dataset.level` as plain values) is stored with the weights, for the
    commands that code files.
    """
    state = {
        name: value.detach().cpu().clone(memory_format=torch.contiguous_format)
        for name, value in network.state_dict().items()
        if name != _COUNTS
    }
    metadata = {"kwargs": dict(network.settings.upstream_kwargs), _OURS: {"level": dict(level)}}
    content = io.BytesIO()
    torch.save({"state_dict": state, "metadata": metadata}, content)
    write_atomically(path, content.getvalue())


def read_upstream(path: Path) -> UpstreamWeights:
    """Read a weights.pth of upstream or of this engine, or a DacModel that transformers saved.

    A DacModel is named by its folder or by the file of weights in it. No code runs. Raises
    UserError where the file is missing, damaged, or holds something else.
    """
    path = weights_in(path) if path.is_dir() else path
    require_weights(path)
    _refuse_package(path)
    content: Mapping[str, Any] = (
        load_tensors(path) if is_safetensors(path) else dict(load_state(path))
    )
    if content and all(_is_weight(name, value) for name, value in content.items()):
        kwargs, is_theirs = read_settings(path), True
        state, metadata = _plainly_named(content), {"kwargs": kwargs}
    else:
        is_theirs = False
        with as_user_error(_not_a_codec(path, content)):
            state, metadata = dict(content["state_dict"]), dict(content["metadata"])
            if not all(_is_weight(name, value) for name, value in state.items()):
                raise TypeError("no tensors")
            state = _plainly_named(state)
    settings, level = _settings(metadata, path)
    if is_theirs:
        with torch.device("meta"):
            state = named_as_upstream(CodecNetwork(settings), state)
    return UpstreamWeights(settings, state, level)


def _settings(metadata: Mapping[str, Any], path: Path) -> tuple[NetworkSettings, Level]:
    with as_user_error(f"{path} holds no settings of a codec as `dac` saves them."):
        values = _values(metadata)
    tables, faults = structure(values, _Tables)
    if tables is None:
        key, wrong = faults[0]
        raise UserError(f"{path}: {'.'.join(map(str, key))}: {wrong}.")
    return NetworkSettings.of(tables.model, tables.sample_rate_hz), tables.level


def _refuse_package(path: Path) -> None:
    """Raise UserError where a file is an archive of torch that brings code, as TorchScript does."""
    if not zipfile.is_zipfile(path):
        return
    sentence = f"{path} is damaged: it is not an archive of torch."
    with as_user_error(sentence, zipfile.BadZipFile, OSError), zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    if any(name.endswith(".py") for name in names):
        raise UserError(
            f"{path} is a package of torch or a compiled module, which brings code, and code of a "
            "file is never run. dac writes weights.pth beside its package.pth: take that one."
        )


def _not_a_codec(path: Path, content: Mapping[str, Any]) -> str:
    held = ", ".join(sorted(map(str, list(content)[:4]))) or "nothing"
    return (
        f"{path} holds no weights of a codec as `dac` saves them ('state_dict' and 'metadata'): "
        f"it holds {held[:200]}."
    )


def _plainly_named(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors without a prefix common to all, and normalized weights under their older names."""
    names = list(state)
    prefix = next((p for p in _PREFIXES if names and all(n.startswith(p) for n in names)), "")
    return {_older(name.removeprefix(prefix)): value for name, value in state.items()}


def _older(name: str) -> str:
    for new, old in _OLDER_NAMES.items():
        name = name.replace(new, old)
    return name


def load_upstream(network: CodecNetwork, path: Path) -> None:
    """Load all weights of a weights.pth; the quantizers' training settings stay the recipe's.

    Raises UserError, and changes nothing, where configuration or tensors differ.
    """
    given = read_upstream(path)
    _require_same(network.settings, given.settings, path)
    _load(network, given.state, path)


def network_of(weights: UpstreamWeights, path: Path) -> CodecNetwork:
    """The network of a weights.pth at `path`, in evaluation mode.

    Raises UserError where the tensors do not fit the configuration.
    """
    with torch.device("meta"):  # nothing is allocated on the file's word
        shapes = CodecNetwork(weights.settings).state_dict()
    _require_shapes(shapes, weights.state, path)
    network = CodecNetwork(weights.settings)
    _load(network, weights.state, path)
    return network.eval()


@torch.no_grad()
def verify_exports(network: CodecNetwork, weights: Path, folder: Path | None) -> None:
    """Load the exports with the packages they are for, and code a second of noise with each.

    `weights` is loaded by `dac`, `folder` (where there is one) by `transformers`. Raises UserError
    where samples decoded from the network's codes differ by more than 1e-4, where more than a
    fiftieth of the frames have other codes, and where `dac` loads other tensors, bit for bit.
    """
    network = copy.deepcopy(network).cpu().eval()
    settings, margin = network.settings, decoder_margin(network)
    hop = settings.hop_length
    frames = max(math.ceil(settings.sample_rate_hz / hop), 4 * (margin.behind + 1))
    noise = torch.randn(1, 1, frames * hop, generator=torch.Generator().manual_seed(0)) * 0.1
    codes = network.encode(noise)
    audio = network.decode(codes)
    if any(rate % 2 for rate in settings.decoder_rates):
        # Both packages then cut samples at the end, which changes the samples before them too.
        audio = audio[..., : (frames - margin.behind - 1) * hop]
    theirs = _load_with_dac(network, weights)
    found = theirs.encode(noise)[1]
    rebuilt = theirs.decode(theirs.quantizer.from_codes(codes)[0])
    _require_equal("dac", weights, (codes, found), (audio, rebuilt))
    if folder is not None:
        other = read_transformers(folder)
        found = other.encode(noise).audio_codes
        rebuilt = other.decode(audio_codes=codes).audio_values[:, None]
        _require_equal("transformers", folder, (codes, found), (audio, rebuilt))


def _load_with_dac(network: CodecNetwork, path: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is built on calls that torch has deprecated
        import dac

        theirs = dac.DAC.load(str(path)).eval()
    # It says nothing about a tensor that it misses or does not know.
    given, own = theirs.state_dict(), network.state_dict()
    differing = [
        name
        for name in sorted((own.keys() | given.keys()) - {_COUNTS})
        if name not in given or name not in own or not torch.equal(own[name], given[name])
    ]
    if differing:
        raise UserError(
            f"Export check failed: dac loads {path} with other tensors: {_some(differing)}."
        )
    return theirs


def _require_equal(
    package: str, path: Path, codes: tuple[Tensor, Tensor], audio: tuple[Tensor, Tensor]
) -> None:
    """Raise UserError where codes [1, n, frames] or samples [1, 1, T] of (engine, package) differ.

    A fiftieth of the frames may differ, or one: a code is chosen by sums whose last bit depends on
    the order of addition, and where two codes are equally near, either is right.
    """
    if codes[0].shape != codes[1].shape:
        shapes = f"{list(codes[1].shape)} instead of {list(codes[0].shape)}"
        raise UserError(f"Export check failed: {package} gives codes of shape {shapes} for {path}.")
    wrong, frames = int((codes[0] != codes[1]).any(1).sum()), codes[0].shape[-1]
    if wrong > max(1, frames // 50):
        raise UserError(
            f"Export check failed: with {path}, {package} gives other codes in {wrong} of {frames} "
            "frames of noise."
        )
    length = audio[0].shape[-1]
    away = float((audio[0] - audio[1][..., :length]).abs().max())
    if not away <= _TOLERANCE:
        raise UserError(
            f"Export check failed: with {path}, {package} decodes samples that differ by "
            f"{away:.2g} (at most {_TOLERANCE:g} is allowed)."
        )


def _values(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """A file's metadata as the plain values of `_Tables`."""
    kwargs = dict(metadata["kwargs"])
    # Upstream derives values that are None as a recipe does; in its older files the dropout is a
    # boolean.
    model = {name: kwargs[name] for name in _ARGUMENTS if kwargs.get(name) is not None}
    model["num_codebooks"] = kwargs["n_codebooks"]
    model["quantizer_dropout"] = float(kwargs.get("quantizer_dropout", 0.0))
    for name in ("encoder_rates", "decoder_rates"):
        model[name] = list(kwargs[name])
        if len(model[name]) > _MOST_RATES:
            raise ValueError("too deep")
    own = dict(metadata.get(_OURS, {}))
    return {**own, "model": model, "sample_rate_hz": kwargs["sample_rate"]}


def _require_same(ours: NetworkSettings, theirs: NetworkSettings, path: Path) -> None:
    left, right = ours.upstream_kwargs, theirs.upstream_kwargs
    differing = [
        f"{name} is {right[name]} in the file and {left[name]} in the recipe"
        for name in left
        if name not in _LEARNING and left[name] != right[name]
    ]
    if differing:
        raise RefusedValuesError(f"{path} is of another network: {'; '.join(differing)}.")


def _load(network: CodecNetwork, state: Mapping[str, Tensor], path: Path) -> None:
    own = network.state_dict()
    _require_shapes(own, state, path)
    bad = [name for name, value in state.items() if not bool(value.isfinite().all())]
    if bad:
        raise UserError(f"{path} is damaged: NaN or infinity in {_some(bad)}.")
    network.load_state_dict({**own, **state})


def _is_weight(name: Any, value: Any) -> bool:
    is_plain = isinstance(value, Tensor) and value.layout == torch.strided
    return isinstance(name, str) and is_plain and not value.is_meta and value.is_floating_point()


def _require_shapes(own: Mapping[str, Tensor], given: Mapping[str, Tensor], path: Path) -> None:
    wanted = own.keys() - {_COUNTS}
    faults = [
        *_named("missing", wanted - given.keys()),
        *_named("not expected", given.keys() - wanted),
        *(
            f"{name} has shape {list(given[name].shape)} instead of {list(own[name].shape)}"
            for name in sorted(wanted & given.keys())
            if given[name].shape != own[name].shape
        ),
    ]
    if faults:
        raise RefusedValuesError(f"{path} does not fit its network: {'; '.join(faults[:4])}.")


def _named(what: str, names: Iterable[str]) -> list[str]:
    found = sorted(names)
    return [f"{len(found)} {what} ({_some(found)})"] if found else []


def _some(names: list[str]) -> str:
    return f"{', '.join(names[:4])}{', ...' if len(names) > 4 else ''}"
