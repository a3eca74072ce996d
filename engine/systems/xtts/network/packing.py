"""Clips of latents, text and codes as rows without gaps: [latents | text | codes | padding].

Where padding stands only on the right, a causal transformer needs no mask: no position of a clip
sees any. Positions are counted within each modality, so a clip's numbers are those that it has
where upstream pads each modality and masks the gaps.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

Lengths = Sequence[int] | Tensor
"""Lengths of the clips of a batch, on the CPU: a tensor on a device would be waited for."""


class Tokens(NamedTuple):
    """The tokens of one modality of all clips in a line, without padding: entries [tokens]."""

    clip: Tensor
    """The clip of each token, [tokens]."""
    position: Tensor
    """Position of each token in its modality, from 0, [tokens]."""
    slot: Tensor
    """Place of each token in the packed rows [B * length], [tokens]."""
    counts: Tensor
    """How many each clip has, [B]."""

    def of(self, rows: Tensor, after: int = 0) -> Tensor:
        """The entries of rows [B, ...] at these positions, or `after` positions later."""
        return rows[self.clip, self.position + after]


class Packing(NamedTuple):
    """Where everything stands in packed rows."""

    source: Tensor
    """int64 [B, length]: which of the B * num_latents latents, text tokens and code tokens, in
    this order, each slot holds. Padding holds the first, which is never read."""
    text: Tokens
    codes: Tokens


def pack(
    num_latents: int, text_counts: list[int], code_counts: list[int], device: torch.device
) -> Packing:
    """Lay out a batch of clips, each with so many text tokens and code tokens.

    Counted on the CPU and moved to `device`.
    """
    batch = len(text_counts)
    latent_counts = [num_latents] * batch
    code_starts = [num_latents + count for count in text_counts]
    length = max(map(sum, zip(code_starts, code_counts, strict=True)))
    latents = _in_rows([0] * batch, latent_counts, length)
    text = _in_rows(latent_counts, text_counts, length)
    codes = _in_rows(code_starts, code_counts, length)
    slots = torch.cat([latents.slot, text.slot, codes.slot])
    source = torch.zeros(batch * length, dtype=torch.long)
    source[slots] = torch.arange(len(slots))
    return Packing(
        source.view(batch, length).to(device, non_blocking=True),
        _moved(text, device),
        _moved(codes, device),
    )


def framed(tokens: Tensor, lengths: Tensor, start: int, stop: int, num_stops: int) -> Tensor:
    """Tokens [B, T] with one `start` before and `stop` from each row's length on.

    Becomes [B, 1 + T + num_stops]. What stands in a row after its length is not looked at.
    """
    own = torch.arange(tokens.shape[1], device=tokens.device) < lengths[:, None]
    stopped = torch.where(own, tokens.long(), stop)
    return F.pad(F.pad(stopped, (0, num_stops), value=stop), (1, 0), value=start)


def by_length(rows: Tensor, lengths: Lengths) -> tuple[list[Tensor], Tensor]:
    """Padded rows [B, ..., padded] as rows of one length each, without any padding.

    The second, int64 [B], says where each row stands where these follow one another.
    """
    counts = torch.tensor(as_counts(lengths))
    order = counts.argsort(stable=True)
    distinct, sizes = torch.unique(counts, return_counts=True)
    alike = torch.split(rows[order.to(rows.device)], sizes.tolist())
    groups = zip(alike, distinct.tolist(), strict=True)
    return [group[..., :length] for group, length in groups], order.argsort().to(rows.device)


def as_counts(lengths: Lengths) -> list[int]:
    """Lengths as plain integers."""
    return lengths.tolist() if isinstance(lengths, Tensor) else list(lengths)


def _in_rows(starts: list[int], counts: list[int], length: int) -> Tokens:
    """Tokens of which each clip has so many, from so far on in its row."""
    clip = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    position = torch.cat([torch.arange(count) for count in counts])
    slot = clip * length + torch.tensor(starts)[clip] + position
    return Tokens(clip, position, slot, torch.tensor(counts))


def _moved(tokens: Tokens, device: torch.device) -> Tokens:
    return Tokens(*(entry.to(device, non_blocking=True) for entry in tokens))
