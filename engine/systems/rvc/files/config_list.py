"""The list `config` of an exported model: the arguments of RVC's synthesizer class, in order."""

from typing import Any

from attrs import frozen

from engine.errors import UserError
from engine.recipe.fields import setting, within
from engine.recipe.structure import structure
from engine.systems.rvc.dataset_table import FRAMES_A_SECOND
from engine.systems.rvc.network.settings import SynthesizerSettings, Version
from engine.systems.rvc.recipe import Model

_SEGMENT_FRAMES, _MOST_VALUES = 32, 16
"""The second value of the list in every exported model; the longest list inside the list."""
_KEYS = (
    "n_fft",
    "segment_frames",
    "latent_channels",
    "hidden_channels",
    "filter_channels",
    "num_heads",
    "num_layers",
    "kernel_size",
    "dropout",
    "resblock",
    "resblock_kernels",
    "resblock_dilations",
    "upsample_rates",
    "upsample_channels",
    "upsample_kernels",
    "speaker_rows",
    "speaker_channels",
    "sample_rate_hz",
)
"""Keys of a recipe's table `model`, but for two. The first is given as bins, n_fft / 2 + 1."""


@frozen(kw_only=True)
class _Tables:
    """The values of the list, checked against the same limits as a recipe."""

    model: Model = setting("the networks")
    sample_rate_hz: int = setting("sample rate of the audio", check=within(8_000, 192_000))


def config_list(settings: SynthesizerSettings) -> list[Any]:
    """The 18 values of a network, plain ones alone."""
    return [
        settings.num_bins,
        _SEGMENT_FRAMES,
        settings.latent_dim,
        settings.hidden_dim,
        settings.filter_dim,
        settings.num_heads,
        settings.num_layers,
        settings.feed_forward_kernel,
        settings.dropout or 0,
        settings.resblock,
        list(settings.resblock_kernels),
        [list(dilations) for dilations in settings.resblock_dilations],
        list(settings.upsample_rates),
        settings.upsample_initial_channels,
        list(settings.upsample_kernels),
        settings.num_speakers,
        settings.speaker_dim,
        settings.sample_rate_hz,
    ]


def settings_of(
    config: object, version: Version, source: object, *, uses_f0: bool
) -> SynthesizerSettings:
    """The network that the list of `source` describes.

    Raises UserError where the list describes no network.
    """
    if not isinstance(config, list) or len(config) != len(_KEYS):
        raise UserError(f"{source}: its config is no list of {len(_KEYS)} values.")
    values = dict(zip(_KEYS, config, strict=True))
    rate, bins = values.pop("sample_rate_hz"), values.pop("n_fft")
    values["n_fft"] = 2 * (bins - 1) if type(bins) is int else bins
    del values["segment_frames"]
    long = [key for key, given in values.items() if isinstance(given, list) and _is_long(given)]
    if long:
        raise UserError(f"{source}: its config has more than {_MOST_VALUES} {long[0]}.")
    given = {"model": {**values, "version": version}, "sample_rate_hz": rate}
    tables, faults = structure(given, _Tables)
    if tables is None:
        key, wrong = faults[0]
        raise UserError(f"{source}: its config is of no network: {key[-1]}: {wrong}.")
    settings = SynthesizerSettings.of(tables.model, tables.sample_rate_hz, uses_f0=uses_f0)
    if settings.hop_length * FRAMES_A_SECOND != settings.sample_rate_hz:
        raise UserError(
            f"{source}: its config is of no network: upsample_rates: they make "
            f"{settings.hop_length} samples of a hundredth of a second, at {rate} Hz."
        )
    return settings


def _is_long(given: list[Any]) -> bool:
    inside = [one for one in given if isinstance(one, list)]
    return len(given) > _MOST_VALUES or any(map(_is_long, inside))
