"""Quantizers: vectors to codes and back, never in less than single precision."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.nn.follower import Follower


class Quantized(NamedTuple):
    """What a quantizer makes of vectors [..., dim].

    `indices` [...] are codes from 0, `vectors` [..., dim] their values with the gradient passed
    straight through (VQ-VAE, van den Oord et al., 2017, section 3.2), `losses` unweighted scalars.
    """

    indices: Tensor
    vectors: Tensor
    losses: Mapping[str, Tensor] = MappingProxyType({})


class Quantizer(nn.Module):
    """A quantizer of vectors with `dim` elements into `num_codes` codes."""

    def __init__(self, num_codes: int) -> None:
        super().__init__()
        self.num_codes = num_codes

    def forward(self, vectors: Tensor) -> Quantized:
        """Quantize vectors [..., dim]. Half precision is widened first."""
        with torch.autocast(vectors.device.type, enabled=False):
            return self.quantize(vectors.to(torch.promote_types(vectors.dtype, torch.float32)))

    def quantize(self, vectors: Tensor) -> Quantized:
        """Quantize vectors [..., dim] of single precision or better."""
        raise NotImplementedError

    def vectors_of(self, indices: Tensor) -> Tensor:
        """The values [..., dim] of codes [...]."""
        raise NotImplementedError

    def order_by(self, energies: Tensor) -> Tensor:
        """The permutation [num_codes] that `renumber` applies: code `order[k]` is to be called k.

        Codes ascend in energy [num_codes]; unused ones, whose energy is nan, come last.
        """
        return energies.argsort(stable=True)

    @torch.no_grad()
    def renumber(self, energies: Tensor) -> Tensor:
        """Number the codes by `order_by` and return it; what is computed stays the same."""
        order = self.order_by(energies)
        self._permute(order)
        return order

    def _permute(self, order: Tensor) -> None:
        raise NotImplementedError


class GradientCodebook(Quantizer):
    """Nearest code; the codebook follows its own loss (VQ-VAE, eq. 3), started as published.

    Losses: `commitment` = |z - sg(e)|^2 and `codebook` = |sg(z) - e|^2, means over all elements.
    """

    def __init__(self, dim: int, num_codes: int) -> None:
        super().__init__(num_codes)
        self.codebook = nn.Embedding(num_codes, dim)
        nn.init.uniform_(self.codebook.weight, -1.0 / num_codes, 1.0 / num_codes)

    def quantize(self, vectors: Tensor) -> Quantized:
        """Quantize vectors [..., dim] of single precision or better."""
        indices = nearest(vectors, self.codebook.weight)
        codes, *distances = _Snap.apply(vectors, self.codebook.weight, indices)  # type: ignore[no-untyped-call]
        return Quantized(
            indices, codes, dict(zip(("commitment", "codebook"), distances, strict=True))
        )

    def vectors_of(self, indices: Tensor) -> Tensor:
        """The values [..., dim] of codes [...]."""
        vectors: Tensor = self.codebook(indices)
        return vectors

    def _permute(self, order: Tensor) -> None:
        self.codebook.weight.copy_(self.codebook.weight[order])


class EmaCodebook(Quantizer, Follower):
    """Codes are moving averages of what they quantize (VQ-VAE, appendix A.1).

    Vectors are projected to `code_dim` elements and back, as in Improved VQGAN (Yu et al., 2022).
    The first training batch, or its first part, places the codes by k-means++ (Arthur and
    Vassilvitskii, 2007). A code used less than `revive_below` times its fair share is replaced by a
    vector of the batch's last part, as in Jukebox (Dhariwal et al., 2020). Losses: `commitment`.
    """

    codes: Tensor
    sums: Tensor
    counts: Tensor
    placed: Tensor
    fed_counts: Tensor
    fed_sums: Tensor

    def __init__(
        self, dim: int, num_codes: int, code_dim: int, decay: float, revive_below: float
    ) -> None:
        super().__init__(num_codes)
        self.decay, self.revive_below = decay, revive_below
        self.project_in = nn.Linear(dim, code_dim)
        self.project_out = nn.Linear(code_dim, dim)
        self.register_buffer("codes", torch.randn(num_codes, code_dim))
        self.register_buffer("sums", torch.zeros(num_codes, code_dim))
        self.register_buffer("counts", torch.zeros(num_codes))
        self.register_buffer("placed", torch.tensor(False))
        self.register_buffer("fed_counts", torch.zeros(num_codes), persistent=False)
        self.register_buffer("fed_sums", torch.zeros(num_codes, code_dim), persistent=False)
        self.fed_last: Tensor | None = None
        """The vectors [n, code_dim] of the last part."""

    def quantize(self, vectors: Tensor) -> Quantized:
        """Quantize vectors [..., dim]; in training mode they are noted."""
        low = self.project_in(vectors)
        flat = low.detach().flatten(0, -2)
        if self.training and not self.placed:
            self._place(flat)
        indices = nearest(low, self.codes)
        codes = F.embedding(indices, self.codes)
        losses = {"commitment": F.mse_loss(low, codes)}
        if self.training:
            self._note(flat, indices.flatten())
        return Quantized(indices, self.project_out(straight_through(low, codes)), losses)

    def vectors_of(self, indices: Tensor) -> Tensor:
        """The values [..., dim] of codes [...]."""
        vectors: Tensor = self.project_out(F.embedding(indices, self.codes))
        return vectors

    def _permute(self, order: Tensor) -> None:
        for table in (self.codes, self.sums, self.counts):
            table.copy_(table[order])

    def noted(self) -> Sequence[Tensor]:
        """How often each code was used, and the sums of what it stood for."""
        return self.fed_counts, self.fed_sums

    @torch.no_grad()
    def move(self) -> Mapping[str, Tensor]:
        """Move the averages, and revive what is hardly used. No parameter is moved."""
        if self.fed_last is None:
            return {}
        fair = self.fed_counts.sum() / self.num_codes
        new = self.counts.sum() == 0  # placed in this step: as if each code had its share
        self.counts.copy_(torch.where(new, fair, self.counts))
        self.sums.copy_(torch.where(new, self.codes * fair, self.sums))
        self.counts.lerp_(self.fed_counts, 1.0 - self.decay)
        self.sums.lerp_(self.fed_sums, 1.0 - self.decay)
        self._revive(self.fed_last, fair)
        self.codes.copy_(self.sums / self.counts[:, None])
        self.fed_counts.zero_()
        self.fed_sums.zero_()
        self.fed_last = None
        return {}

    @torch.no_grad()
    def _place(self, flat: Tensor) -> None:
        self.codes.copy_(k_means_plus_plus(flat, self.num_codes))
        self.placed.fill_(True)

    @torch.no_grad()
    def _note(self, flat: Tensor, indices: Tensor) -> None:
        member = F.one_hot(indices, self.num_codes).to(flat.dtype)
        self.fed_counts.add_(member.sum(0))
        self.fed_sums.add_(member.T @ flat)
        self.fed_last = flat

    def _revive(self, flat: Tensor, fair: Tensor) -> None:
        dead = self.counts < self.revive_below * fair
        if bool(dead.any()):
            drawn = flat[torch.randint(len(flat), (int(dead.sum()),), device=flat.device)]
            self.counts[dead] = fair
            self.sums[dead] = drawn * fair


class OrderedLevels(Quantizer):
    """Finite scalar quantization (Mentzer et al., 2024) with one dimension: the code is a level.

    A vector is projected to one number, bounded by tanh and rounded to one of `num_codes` evenly
    spaced levels from -1 to 1. The levels lie symmetrically, so that a change of sign turns their
    order around and nothing else. No losses.
    """

    def __init__(self, dim: int, num_codes: int) -> None:
        super().__init__(num_codes)
        self.project_in = nn.Linear(dim, 1)
        self.project_out = nn.Linear(1, dim)

    def quantize(self, vectors: Tensor) -> Quantized:
        """Quantize vectors [..., dim] of single precision or better."""
        bounded = torch.tanh(self.project_in(vectors))
        indices = ((bounded + 1.0) * (0.5 * (self.num_codes - 1))).round().long().squeeze(-1)
        levels = straight_through(bounded, self._level(indices))
        return Quantized(indices, self.project_out(levels))

    def vectors_of(self, indices: Tensor) -> Tensor:
        """The values [..., dim] of codes [...]."""
        vectors: Tensor = self.project_out(self._level(indices))
        return vectors

    def order_by(self, energies: Tensor) -> Tensor:
        """The levels as they are, or turned around where the energies of used ones mostly fall.

        No other order is a change of sign: an unused level (nan) keeps its place between others.
        """
        levels = torch.arange(self.num_codes, device=energies.device)
        ranks = energies[~energies.isnan()].argsort().argsort().float()
        falls = (ranks * (torch.arange(len(ranks), device=ranks.device) - ranks.mean())).sum() < 0
        return levels.flip(0) if bool(falls) else levels

    def _permute(self, order: Tensor) -> None:
        if order[0] != 0:
            for weight in (self.project_in.weight, self.project_in.bias, self.project_out.weight):
                weight.neg_()

    def _level(self, indices: Tensor) -> Tensor:
        return indices[..., None].float() * (2.0 / (self.num_codes - 1)) - 1.0


class _Snap(torch.autograd.Function):
    """Codes of vectors, and their mean squared distance twice: as commitment, as codebook loss.

    What automatic differentiation makes of those three takes three times as long.
    """

    @staticmethod
    def forward(
        ctx: Any, vectors: Tensor, codebook: Tensor, indices: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        codes = F.embedding(indices, codebook)
        ctx.save_for_backward(vectors, codes, codebook, indices)
        distance = F.mse_loss(vectors, codes)
        return codes, distance, distance.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        through, to_commitment, to_codebook = gradients
        vectors, codes, codebook, indices = ctx.saved_tensors
        scale = 2.0 / vectors.numel()
        to_vectors = torch.sub(vectors, codes).mul_(scale * to_commitment).add_(through)
        member = F.one_hot(indices.flatten(), len(codebook)).to(vectors.dtype)
        pull = member.sum(0)[:, None] * codebook - member.T @ vectors.flatten(0, -2)
        return to_vectors, pull * (scale * to_codebook), None


def nearest(vectors: Tensor, codes: Tensor) -> Tensor:
    """Index [...] of the code [num_codes, dim] nearest to each vector [..., dim] (Euclidean)."""
    with torch.no_grad():
        flat = vectors.detach().flatten(0, -2)
        # |z - e|^2 without its |z|^2, which is the same for every code.
        distances = torch.addmm(codes.square().sum(1), flat, codes.T, alpha=-2.0)
        return distances.argmin(1).view(vectors.shape[:-1])


def straight_through(vectors: Tensor, codes: Tensor) -> Tensor:
    """The codes, with the gradient of the vectors."""
    return vectors + (codes - vectors).detach()


def k_means_plus_plus(vectors: Tensor, num_codes: int, num_iterations: int = 10) -> Tensor:
    """Centres [num_codes, dim] of vectors [n, dim]: k-means++ seeding, then Lloyd's iterations."""
    centres = vectors[torch.randint(len(vectors), (1,), device=vectors.device)]
    while len(centres) < num_codes:
        away = torch.cdist(vectors, centres).amin(1).square()
        # Where fewer distinct vectors than codes exist, any vector is as good as another.
        weights = away if bool(away.sum() > 0) else torch.ones_like(away)
        centres = torch.cat([centres, vectors[torch.multinomial(weights, 1)]])
    for _ in range(num_iterations):
        member = F.one_hot(nearest(vectors, centres), num_codes).to(vectors.dtype)
        counts = member.sum(0)
        means = (member.T @ vectors) / counts.clamp(min=1.0)[:, None]
        centres = torch.where(counts[:, None] > 0, means, centres)
    return centres
