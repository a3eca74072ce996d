"""Loss terms by the gradients they have at what the generator made: their shares, and a balance."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

Reduce = Callable[[Tensor], Tensor]
"""Averages a tensor over all ranks."""

_SMALLEST = 1e-12


class Balancer(nn.Module):
    """Makes each term's weight its share of the gradient (EnCodec, Defossez et al., 2022, eq. 4).

    A term's gradient is divided by the moving average of its norm, so that what the term's scale
    is does not matter: the sum over terms has about the norm `total_norm` for each clip. The
    averages are buffers, so that checkpoints hold them.
    """

    averages: Tensor

    def __init__(self, terms: Sequence[str], decay: float, total_norm: float) -> None:
        super().__init__()
        self.terms, self.decay, self.total_norm = tuple(terms), decay, total_norm
        self.register_buffer("averages", torch.zeros(len(self.terms)))

    @torch.no_grad()
    def balance(
        self, gradients: Mapping[str, Tensor], weights: Mapping[str, float], reduce: Reduce
    ) -> dict[str, Tensor]:
        """Rescale gradients [clips, ...] of mean losses, one for each term that is there."""
        norms = {name: _norm_of_a_clip(gradient) for name, gradient in gradients.items()}
        names = sorted(norms)
        self._follow(names, reduce(torch.stack([norms[name] for name in names])))
        total = sum(weights[name] for name in names)
        return {
            name: gradients[name]
            * (self.total_norm * weights[name] / total / self._average(name).clamp(min=_SMALLEST))
            for name in names
        }

    def _follow(self, names: Sequence[str], norms: Tensor) -> None:
        """Move the averages; a term that was not there yet starts from its first norm."""
        for name, norm in zip(names, norms, strict=True):
            place = self.terms.index(name)
            old = torch.where(self.averages[place] > 0, self.averages[place], norm)
            self.averages[place] = torch.lerp(norm, old, self.decay)

    def _average(self, name: str) -> Tensor:
        return self.averages[self.terms.index(name)]


def gradients_at(generator_output: Tensor, losses: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The gradient of each loss at a tensor, of those that reach it. The graph is kept."""
    found = {}
    for name, loss in losses.items():
        if loss.requires_grad:
            (gradient,) = torch.autograd.grad(
                loss, generator_output, retain_graph=True, allow_unused=True
            )
            if gradient is not None:
                found[name] = gradient
    return found


def shares_of(gradients: Mapping[str, Tensor], reduce: Reduce) -> dict[str, Tensor]:
    """Each gradient's norm as a share of the sum of all norms."""
    names = sorted(gradients)
    norms = reduce(torch.stack([gradients[name].detach().float().norm() for name in names]))
    shares = norms / norms.sum().clamp(min=_SMALLEST)
    return dict(zip(names, shares.unbind(), strict=True))


def _norm_of_a_clip(gradient: Tensor) -> Tensor:
    """Mean over clips of the gradient's norm, as if the loss were not a mean over them."""
    norms: Tensor = gradient.detach().float().flatten(1).norm(dim=1)
    return norms.mean() * len(gradient)
