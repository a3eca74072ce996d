"""The typed tables of a denoiser's recipe, and its metrics. No torch: `cantus check` reads this."""

from attrs import frozen

from engine.recipe.dataset import CorpusClips
from engine.recipe.fields import above, at_least, setting
from engine.recipe.schema import Recipe


@frozen(kw_only=True)
class Dataset(CorpusClips):
    """The first seconds of each clip, with white noise added."""

    sample_rate_hz: int = setting("rate of the audio", default=16_000, check=at_least(1))
    clip_seconds: float = setting("length of a clip", default=0.5, check=above(0.0))
    noise: float = setting("standard deviation of the noise", default=0.05, check=above(0.0))


@frozen(kw_only=True)
class Network:
    """Two convolutions that estimate the noise."""

    channels: int = setting("between the two", default=16, check=at_least(1))


@frozen(kw_only=True)
class Losses:
    """The weight of each loss term."""

    mse: float = setting("mean squared error of the samples", default=1.0, check=above(0.0))


@frozen(kw_only=True)
class DenoiserRecipe(Recipe):
    """A recipe that trains a denoiser."""

    turns = ("denoiser",)
    metrics = {"eval/mse": "mean squared error of denoised evaluation clips"}  # noqa: RUF012
    directions = {"eval/mse": "lowest"}  # noqa: RUF012
    dataset: Dataset = setting("which audio, cut how")
    model: Network = setting("the network", default=Network())
    losses: Losses = setting("the weight of each loss term", default=Losses())
