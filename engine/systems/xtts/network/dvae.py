"""The discrete autoencoder that turns mel spectrograms into the audio codes of XTTS v2, frozen.

Tensors are named and shaped as those of upstream's `DiscreteVAE` as XTTS builds it, so that the
published dvae.pth loads as it is. It is never trained here: it has neither a loss nor gradients.
"""

import re
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from attrs import evolve, frozen
from torch import Tensor, nn

from engine.errors import UserError
from engine.nn.quantize import nearest
from engine.systems.xtts.network.mel import NUM_MELS

_MOST_NAMES = 4
"""Named in a message; of the rest it says how many there are."""
_HISTORY = 100


@frozen(kw_only=True)
class DvaeSettings:
    """The sizes in which networks of this form may differ; the published ones are the defaults.

    In all of them two convolutions of stride 2 make one code of four mel frames.
    """

    num_codes: int = 1024
    codebook_dim: int = 512
    hidden_dim: int = 512
    """Channels after the first convolution; there are twice as many from the second on."""
    num_resnet_blocks: int = 3


class Dvae(nn.Module):
    """Normalized mel spectrogram [B, 80, frames] (see `CodeMel`) to codes and back.

    VQ-VAE (van den Oord et al., 2017) with residual blocks in the middle. It is never computed in
    half precision: a rounded vector may get another code.
    """

    def __init__(self, settings: DvaeSettings) -> None:
        super().__init__()
        self.settings = settings
        self.discrete_loss = _UsageHistory(settings.num_codes)
        self.encoder = _encoder(settings)
        self.decoder = _decoder(settings)
        self.codebook = _Codebook(settings.codebook_dim, settings.num_codes)
        self.requires_grad_(False)

    @property
    def num_codes(self) -> int:
        """Codes there are."""
        return self.settings.num_codes

    @torch.no_grad()
    def encode(self, mel: Tensor) -> Tensor:
        """Codes int64 [B, frames / 4, rounded up] of a mel (upstream: `get_codebook_indices`)."""
        with torch.autocast(mel.device.type, enabled=False):
            vectors = self.encoder(mel.float()).transpose(1, 2)
            return nearest(vectors, self.codebook.embed.T)

    @torch.no_grad()
    def decode(self, codes: Tensor) -> Tensor:
        """Normalized mel spectrogram [B, 80, 4 n] of codes [B, n]."""
        with torch.autocast(codes.device.type, enabled=False):
            vectors = F.embedding(codes.long(), self.codebook.embed.T)
            mel: Tensor = self.decoder(vectors.transpose(1, 2))
            return mel


def settings_of(state: Mapping[str, Tensor]) -> DvaeSettings:
    """The sizes of the DVAE whose weights these are, as `Dvae.load_state_dict` takes them.

    Raises UserError naming tensors that are missing, too many or of another shape.
    """
    first, codebook = (state.get(name) for name in ("encoder.0.0.weight", "codebook.embed"))
    blocks = [name for name in state if re.fullmatch(r"encoder\.\d+\.net\.0\.weight", name)]
    settings = DvaeSettings(num_resnet_blocks=len(blocks))
    if first is not None and first.ndim == 3:
        settings = evolve(settings, hidden_dim=first.shape[0])
    if codebook is not None and codebook.ndim == 2:
        dim, num_codes = codebook.shape
        settings = evolve(settings, codebook_dim=dim, num_codes=num_codes)
    faults = _faults(state, settings)
    if faults:
        raise UserError(
            f"These are not the weights of a DVAE of XTTS: {'; '.join(faults)}. "
            "Take the dvae.pth that was published together with XTTS v2."
        )
    return settings


def _faults(state: Mapping[str, Tensor], settings: DvaeSettings) -> list[str]:
    """What is wrong with weights that should have these sizes, as words for users."""
    with torch.device("meta"):  # only shapes are asked for
        wanted = Dvae(settings).state_dict()
    missing = [name for name in wanted if name not in state and not _is_history(name)]
    left_over = [name for name in state if name not in wanted]
    misshapen = [
        f"{name} {list(state[name].shape)} instead of {list(value.shape)}"
        for name, value in wanted.items()
        if name in state and state[name].shape != value.shape
    ]
    kinds = {"missing": missing, "of another shape": misshapen, "left over": left_over}
    return [f"{what}: {_listed(names)}" for what, names in kinds.items() if names]


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _is_history(name: str) -> bool:
    return name.startswith("discrete_loss.")


class _UsageHistory(nn.Module):
    """What upstream's training remembers of how often codes were used. Nothing here reads it.

    Weights may come without it: it then stays as it is.
    """

    def __init__(self, num_codes: int) -> None:
        super().__init__()
        self.register_buffer("accumulator_index", torch.zeros(1, dtype=torch.long))
        self.register_buffer("accumulator_filled", torch.zeros(1, dtype=torch.long))
        self.register_buffer("accumulator", torch.zeros(_HISTORY, num_codes))
        self.register_load_state_dict_pre_hook(_keep_own)  # type: ignore[no-untyped-call]


def _keep_own(module: nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
    for name, value in module.named_buffers():
        state.setdefault(prefix + name, value)


class _Codebook(nn.Module):
    """The codes' vectors, a column each; the other two buffers are upstream's moving averages."""

    embed: Tensor

    def __init__(self, dim: int, num_codes: int) -> None:
        super().__init__()
        self.register_buffer("embed", torch.randn(dim, num_codes))
        self.register_buffer("cluster_size", torch.zeros(num_codes))
        self.register_buffer("embed_avg", self.embed.clone())


class _ResidualBlock(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv1d(dim, dim, 3, padding=1),
            nn.ReLU(),
            nn.Conv1d(dim, dim, 3, padding=1),
            nn.ReLU(),
            nn.Conv1d(dim, dim, 1),
        )

    def forward(self, frames: Tensor) -> Tensor:
        changed: Tensor = frames + self.net(frames)
        return changed


class _TwiceAsLong(nn.Module):
    """Every frame twice, then a convolution: no checkerboard (Odena et al., 2016)."""

    def __init__(self, dim: int, out_dim: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(dim, out_dim, 3, padding=1)

    def forward(self, frames: Tensor) -> Tensor:
        longer: Tensor = self.conv(frames.repeat_interleave(2, dim=-1))
        return longer


def _encoder(settings: DvaeSettings) -> nn.Sequential:
    dim, widest = settings.hidden_dim, 2 * settings.hidden_dim
    return nn.Sequential(
        nn.Sequential(nn.Conv1d(NUM_MELS, dim, 3, stride=2, padding=1), nn.ReLU()),
        nn.Sequential(nn.Conv1d(dim, widest, 3, stride=2, padding=1), nn.ReLU()),
        *(_ResidualBlock(widest) for _ in range(settings.num_resnet_blocks)),
        nn.Conv1d(widest, settings.codebook_dim, 1),
    )


def _decoder(settings: DvaeSettings) -> nn.Sequential:
    dim, widest = settings.hidden_dim, 2 * settings.hidden_dim
    return nn.Sequential(
        nn.Conv1d(settings.codebook_dim, widest, 1),
        *(_ResidualBlock(widest) for _ in range(settings.num_resnet_blocks)),
        nn.Sequential(_TwiceAsLong(widest, widest), nn.ReLU()),
        nn.Sequential(_TwiceAsLong(widest, dim), nn.ReLU()),
        nn.Conv1d(dim, NUM_MELS, 1),
    )
