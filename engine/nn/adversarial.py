"""Losses of discriminators and of generators, and figures on how well they do.

Real audio is to get a positive logit by the hinge loss (Lim and Ye, 2017), 1 by least squares (Mao
et al., 2017); fake a negative one, or 0.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from engine.nn.discriminators import Verdicts

Kind = Literal["hinge", "least_squares"]
Reduction = Literal["mean", "sum"]

CHANCE = {"hinge": 2.0, "least_squares": 0.5}
"""The loss of a discriminator that only guesses: of the hinge for every constant logit from -1 to
1, of least squares at the best constant, 0.5."""

_BOUNDARY = {"hinge": 0.0, "least_squares": 0.5}


class FeatureDistances(NamedTuple):
    """How far the feature maps of fake audio are from those of real audio, by their L1."""

    sum: Tensor
    """Sum of the maps' mean absolute differences, as in `dac`, []."""
    mean: Tensor
    """Mean of the maps' mean absolute differences, []."""
    relative: Tensor
    """Mean over maps of the same over the real map's mean size."""


def discriminator_loss(kind: Kind, reduction: Reduction, verdicts: Verdicts) -> Tensor:
    """The discriminators' loss, over them averaged or (as `dac` does) summed."""
    return _reduced(reduction, _losses(kind, verdicts))


def generator_loss(kind: Kind, reduction: Reduction, fake_logits: Sequence[Tensor]) -> Tensor:
    """The loss of audio that is to be taken for real, over discriminators averaged or summed."""
    if kind == "hinge":
        return _reduced(reduction, [-logits.mean() for logits in fake_logits])
    return _reduced(reduction, [(1 - logits).square().mean() for logits in fake_logits])


def hinge_mean(verdicts: Verdicts) -> Tensor:
    """The hinge loss, mean over discriminators, whatever they are trained by; chance is 2."""
    return torch.stack(_losses("hinge", verdicts)).mean()


def least_squares_mean(verdicts: Verdicts) -> Tensor:
    """The loss of least squares, mean over discriminators; chance is 0.5."""
    return torch.stack(_losses("least_squares", verdicts)).mean()


def loss_over_chance(kind: Kind, verdicts: Verdicts) -> Tensor:
    """Each discriminator's loss over that of guessing [discriminators]: 1 is guessing."""
    return torch.stack(_losses(kind, verdicts)) / CHANCE[kind]


def accuracy(kind: Kind, verdicts: Verdicts) -> Tensor:
    """Each discriminator's share of logits on the right side, of real and fake [discriminators].

    One on the boundary, 0 of the hinge and 0.5 of least squares, counts half.
    """
    boundary = _BOUNDARY[kind]
    leanings = [
        (real - boundary).sign().mean() - (fake - boundary).sign().mean()
        for real, fake in zip(*verdicts, strict=True)
    ]
    return 0.5 + torch.stack(leanings) / 4


@torch.no_grad()
def health(kind: Kind, names: Sequence[str], verdicts: Verdicts) -> dict[str, Tensor]:
    """How far the discriminators of these names are from guessing: each, and their mean."""
    figures = {
        "loss_over_chance": loss_over_chance(kind, verdicts),
        "accuracy": accuracy(kind, verdicts),
    }
    each = {
        f"{figure}_{name}": values[place]
        for figure, values in figures.items()
        for place, name in enumerate(names)
    }
    return each | {figure: values.mean() for figure, values in figures.items()}


def feature_distances(maps: Sequence[Sequence[tuple[Tensor, Tensor]]]) -> FeatureDistances:
    """The distances over every map of every discriminator, from pairs (fake, real)."""
    pairs = [pair for of_one in maps for pair in of_one]
    distances = torch.stack([_mean_difference(fake, real) for fake, real in pairs])
    with torch.no_grad():
        sizes = torch.stack([_mean_size(real) for _, real in pairs])
    relative = (distances / sizes.clamp(min=1e-9)).mean()
    return FeatureDistances(distances.sum(), distances.mean(), relative)


def _losses(kind: Kind, verdicts: Verdicts) -> list[Tensor]:
    loss: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        "hinge": lambda real, fake: (1 - real).relu().mean() + (1 + fake).relu().mean(),
        "least_squares": lambda real, fake: (1 - real).square().mean() + fake.square().mean(),
    }
    return [loss[kind](real, fake) for real, fake in zip(*verdicts, strict=True)]


def _reduced(reduction: Reduction, losses: Sequence[Tensor]) -> Tensor:
    stacked = torch.stack(list(losses))
    return stacked.sum() if reduction == "sum" else stacked.mean()


def _mean_size(x: Tensor) -> Tensor:
    """Mean absolute value, in float32 and one reading of `x`."""
    size: Tensor = torch.linalg.vector_norm(x, 1, dtype=torch.float32)
    return size / x.numel()


def _mean_difference(fake: Tensor, real: Tensor) -> Tensor:
    difference: Tensor = _MeanDifference.apply(fake, real)  # type: ignore[no-untyped-call]
    return difference


class _MeanDifference(torch.autograd.Function):
    """Mean absolute difference, whose gradient is to `fake` alone and is made in place."""

    @staticmethod
    def forward(ctx: Any, fake: Tensor, real: Tensor) -> Tensor:
        difference = fake - real
        ctx.save_for_backward(difference)
        return _mean_size(difference)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (difference,) = ctx.saved_tensors
        return difference.sign() * (gradients[0] / difference.numel()).to(difference.dtype), None
