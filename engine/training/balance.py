"""Loss terms weighed by their gradients at the generator's output: shares, and a balancer."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from engine.training.ranks import Ranks

Gradients = Mapping[str, Tensor]
"""Gradients [clips, ...] of one part of a step, by loss term, where the loss is that of the step.
In one of N processes they are N times as large, because processes exchange their mean."""

_SMALLEST = 1e-12


class Balancer(nn.Module):
    """Makes each term's weight its share of the gradient (EnCodec, Defossez et al., 2022, eq. 4).

    A term's gradient is divided by the moving average of a clip's norm, so that what the term's
    scale is does not matter: at each clip the sum over terms has about the norm `total_norm`,
    however many clips the batch has. The averages are corrected for their beginning at zero, as
    Adam's are: they are the weighted means of what was measured. Buffers, so that checkpoints hold
    them.
    """

    sums: Tensor
    counts: Tensor

    def __init__(self, terms: Sequence[str], decay: float, total_norm: float) -> None:
        super().__init__()
        self.terms, self.decay, self.total_norm = tuple(terms), decay, total_norm
        self.register_buffer("sums", torch.zeros(len(self.terms)))
        self.register_buffer("counts", torch.zeros(len(self.terms)))

    @torch.no_grad()
    def balance(
        self, parts: Sequence[Gradients], weights: Mapping[str, float], ranks: Ranks
    ) -> list[Gradients]:
        """Rescale the gradients of every present term, in all parts of a step."""
        norms = norms_of_clips(parts, ranks)
        clips = num_clips(parts) * ranks.world_size
        total = sum(weights[name] for name in norms)
        averages = {name: self._follow(name, norm, clips) for name, norm in norms.items()}
        scales = {
            name: self.total_norm * weights[name] / total / average.clamp(min=_SMALLEST)
            for name, average in averages.items()
        }
        return [
            {name: gradient * scales[name] for name, gradient in part.items()} for part in parts
        ]

    def _follow(self, name: str, norm: Tensor, clips: int) -> Tensor:
        """Update a term's average, which begins with its first norm; return the new average.

        A norm that is not finite leaves the average as it is: fp16 skips such steps, and later
        ones need the average.
        """
        place, is_finite = self.terms.index(name), norm.isfinite()
        for average, new in (
            (self.sums, clips * norm),
            (self.counts, torch.full_like(norm, clips)),
        ):
            moved = self.decay * average[place] + new
            average[place] = torch.where(is_finite, moved, average[place])
        return self.sums[place] / self.counts[place]


def gradients_at(generator_output: Tensor, losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Gradients [clips, ...] at a tensor, by loss, of losses that depend on it. Keeps the graph."""
    found = {}
    for name, loss in losses.items():
        if loss.requires_grad:
            (gradient,) = torch.autograd.grad(
                loss, generator_output, retain_graph=True, allow_unused=True
            )
            if gradient is not None:
                found[name] = gradient
    return found


def norms_of_clips(parts: Sequence[Gradients], ranks: Ranks) -> dict[str, Tensor]:
    """The norm of each term's gradient at a clip, mean over the clips of all parts and ranks."""
    names = sorted(parts[0])
    if not names:
        return {}
    sums = [torch.stack([_norms(part[name]).sum() for name in names]) for part in parts]
    means = ranks.mean(torch.stack(sums).sum(0) / num_clips(parts)) / ranks.world_size
    return dict(zip(names, means, strict=True))


def num_clips(parts: Sequence[Gradients]) -> int:
    """The clips in all parts."""
    return sum(len(next(iter(part.values()))) for part in parts if part)


def shares_of(parts: Sequence[Gradients], ranks: Ranks) -> dict[str, Tensor]:
    """Each gradient's norm at a clip, as a share of the sum of all terms' norms."""
    norms = norms_of_clips(parts, ranks)
    total = sum(norms.values(), torch.zeros(())).clamp(min=_SMALLEST)
    return {name: norm / total for name, norm in norms.items()}


def _norms(gradient: Tensor) -> Tensor:
    """The norm [clips] of a gradient [clips, ...] at each clip, in single precision."""
    norms: Tensor = gradient.detach().float().flatten(1).norm(dim=1)
    return norms
