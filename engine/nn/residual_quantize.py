"""Residual vector quantization with factorized, normalized codes, as DAC has it.

Each quantizer codes what the ones before it left (SoundStream, Zeghidour et al., 2021, section
3.3), in few dimensions and by cosine similarity (Improved VQGAN, Yu et al., 2022, section 3.2).
Parameters are named as those of upstream's `ResidualVectorQuantize`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from engine.nn.follower import Follower
from engine.nn.weight_norm import NormedConv1d

_DECAY = 0.99
"""Decay of the moving average of each code's use."""


class ResidualCodes(NamedTuple):
    """Latents [B, dim, T] after the quantizers.

    `vectors` [B, dim, T] carry the latents' gradient, passed straight through each lookup; `codes`
    are int64 [B, quantizers, T]. `commitment` and `codebook` are scalars: squared distances, means
    over an item, 0 where it does without the quantizer, means over items, sums over quantizers.
    """

    vectors: Tensor
    codes: Tensor
    commitment: Tensor
    codebook: Tensor


class ResidualQuantizer(Follower):
    """`num_codebooks` quantizers of `codebook_size` codes each; float32 inside, also in autocast.

    In training mode the first share `dropout` of a batch's items is coded with 1 to all of the
    quantizers, drawn for each item, and a code whose use falls below `restart_below` times uniform
    use is replaced by a vector of the batch's last part (Jukebox, Dhariwal et al., 2020). `counts`
    [quantizers, codes], the use over uniform use, exists only where codes are restarted;
    `restarted` is how many were after the step before.
    """

    counts: Tensor
    fed_counts: Tensor
    restarted: Tensor

    def __init__(
        self,
        dim: int,
        num_codebooks: int,
        codebook_size: int,
        codebook_dim: int,
        dropout: float,
        restart_below: float,
    ) -> None:
        super().__init__()
        made = (_Quantizer(dim, codebook_size, codebook_dim) for _ in range(num_codebooks))
        self.quantizers = nn.ModuleList(made)
        self.dropout, self.restart_below = dropout, restart_below
        self.register_buffer("restarted", torch.tensor(0), persistent=False)
        if restart_below > 0.0:
            self.register_buffer("counts", torch.ones(num_codebooks, codebook_size))
            fed = torch.zeros(num_codebooks, codebook_size)
            self.register_buffer("fed_counts", fed, persistent=False)
        self.fed_last: list[Tensor] = []
        """What each quantizer was fed in the last part, [B, codebook_dim, T]."""

    def forward(self, latents: Tensor) -> ResidualCodes:
        """Quantize latents [B, dim, T]."""
        with torch.autocast(latents.device.type, enabled=False):
            return self._quantize(latents.float())

    @torch.no_grad()
    def encode(self, latents: Tensor, num_quantizers: int | None = None) -> Tensor:
        """Codes int64 [B, quantizers, T] of latents [B, dim, T]."""
        codes = []
        with torch.autocast(latents.device.type, enabled=False):
            residual = latents.float()
            for quantizer in self._first(num_quantizers or len(self.quantizers)):
                codes.append(quantizer.lookup(quantizer.in_proj(residual)))
                residual = residual - quantizer.vectors_of(codes[-1])
        return torch.stack(codes, 1)

    def decode(self, codes: Tensor) -> Tensor:
        """Vectors [B, dim, T] of the codes [B, n, T] of the first n quantizers."""
        with torch.autocast(codes.device.type, enabled=False):
            pairs = zip(self._first(codes.shape[1]), codes.unbind(1), strict=True)
            vectors = [quantizer.vectors_of(row) for quantizer, row in pairs]
            return torch.stack(vectors).sum(0)

    def _first(self, number: int) -> "list[_Quantizer]":
        return [layer for layer in self.quantizers[:number] if isinstance(layer, _Quantizer)]

    def _quantize(self, latents: Tensor) -> ResidualCodes:
        used = self._num_quantizers_of(latents)
        residual, codes, commitments, codebooks = latents, [], [], []
        lows: list[Tensor] = []
        vectors = torch.zeros((), device=latents.device)
        for place, quantizer in enumerate(self._first(len(self.quantizers))):
            low = quantizer.in_proj(residual)
            indices = quantizer.lookup(low)
            snapped, commitment, codebook = _snap(low, quantizer.codebook.weight, indices)
            lows.append(low.detach())
            found = quantizer.out_proj(snapped)
            residual = residual - found
            if used is not None:
                mask = (used > place).to(found.dtype)
                found = found * mask[:, None, None]
                commitment, codebook = commitment * mask, codebook * mask
            vectors = vectors + found
            codes.append(indices)
            commitments.append(commitment)
            codebooks.append(codebook)
        if self.training and self.restart_below > 0.0:
            self._note(codes, lows)
        losses = [torch.stack(each).mean(1).sum() for each in (commitments, codebooks)]
        return ResidualCodes(vectors, torch.stack(codes, 1), *losses)

    def _num_quantizers_of(self, latents: Tensor) -> Tensor | None:
        """How many quantizers each item of a batch is coded with [B]; None: all through all."""
        size, most, device = len(latents), len(self.quantizers), latents.device
        num_dropped = size * self.dropout if self.training else 0.0
        if not num_dropped:
            return None
        drawn = torch.randint(1, most + 1, (size,), device=device)
        ends = torch.arange(1, size + 1, device=device)
        # A part of a batch may hold half an item of the share: rounded up or down by chance, as
        # many are dropped in the end however the batch is cut.
        chance = 0.0 if num_dropped.is_integer() else torch.rand((), device=device)
        return torch.where(ends <= num_dropped + chance, drawn, most)

    def noted(self) -> Sequence[Tensor]:
        """How often each quantizer's codes were used."""
        return (self.fed_counts,) if self.restart_below > 0.0 else ()

    @torch.no_grad()
    def move(self) -> Mapping[str, Tensor]:
        """Follow the use of the codes, and replace those that died. Waits for no device."""
        moved: dict[str, Tensor] = {}
        self.restarted.zero_()
        for place, low in enumerate(self.fed_last):
            vectors = low.transpose(1, 2).flatten(0, 1)
            use, counts = self.fed_counts[place], self.counts[place]
            counts.lerp_(use * (len(use) / use.sum()), 1.0 - _DECAY)
            weight = self._first(place + 1)[place].codebook.weight
            dead = counts < self.restart_below
            drawn = vectors[torch.randint(len(vectors), (len(weight),), device=vectors.device)]
            moved[f"quantizers.{place}.codebook.weight"] = torch.where(dead[:, None], drawn, weight)
            counts.masked_fill_(dead, 1.0)
            self.restarted.add_(dead.sum())
        if moved:
            self.fed_counts.zero_()
        self.fed_last = []
        return moved

    @torch.no_grad()
    def _note(self, codes: Sequence[Tensor], lows: list[Tensor]) -> None:
        for counts, indices in zip(self.fed_counts, codes, strict=True):
            flat = indices.flatten()
            counts.scatter_add_(0, flat, torch.ones_like(flat, dtype=counts.dtype))
        self.fed_last = lows


class _Quantizer(nn.Module):
    """One codebook, and the projections to its dimensions and back."""

    def __init__(self, dim: int, codebook_size: int, codebook_dim: int) -> None:
        super().__init__()
        self.in_proj = NormedConv1d(dim, codebook_dim, 1)
        self.out_proj = NormedConv1d(codebook_dim, dim, 1)
        self.codebook = nn.Embedding(codebook_size, codebook_dim)

    @torch.no_grad()
    def lookup(self, low: Tensor) -> Tensor:
        """Codes [B, T] of the greatest cosine similarity to projected latents [B, low, T]."""
        # A vector's own length scales all of its similarities alike.
        similar = low.detach().transpose(1, 2) @ F.normalize(self.codebook.weight.detach()).T
        return similar.argmax(-1)

    def vectors_of(self, codes: Tensor) -> Tensor:
        """Vectors [B, dim, T] that codes [B, T] stand for."""
        vectors: Tensor = self.out_proj(self.codebook(codes).transpose(1, 2))
        return vectors


def _snap(low: Tensor, codebook: Tensor, indices: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The codes [B, low, T] of vectors, and their mean squared distance of each item [B], twice.

    The first passes its gradient straight through to the vectors, the second, as commitment, pulls
    the vectors, and the third pulls the codes.
    """
    snapped: tuple[Tensor, Tensor, Tensor] = _Snap.apply(low, codebook, indices)  # type: ignore[no-untyped-call]
    return snapped


class _Snap(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, low: Tensor, codebook: Tensor, indices: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        codes = F.embedding(indices, codebook).transpose(1, 2)
        away = low - codes
        distance = away.square().mean((1, 2))
        ctx.save_for_backward(away, indices)
        ctx.num_codes = len(codebook)
        return codes, distance, distance.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        through, to_commitment, to_codebook = gradients
        away, indices = ctx.saved_tensors
        away = away * (2.0 / away[0].numel())
        pull = (away * -to_codebook[:, None, None]).transpose(1, 2)
        to_codes = torch.ops.aten.embedding_dense_backward(pull, indices, ctx.num_codes, -1, False)
        return torch.addcmul(through, away, to_commitment[:, None, None]), to_codes, None
