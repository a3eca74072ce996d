"""The typed tables of an audio puzzle VQ-VAE recipe, and the metrics it produces. No torch."""

from collections.abc import Iterable, Mapping
from typing import ClassVar, Literal

from attrs import frozen

from engine.recipe.dataset import CorpusClips
from engine.recipe.fields import between, setting, within
from engine.recipe.judgement import Guard
from engine.recipe.schema import Plot, Recipe
from engine.recipe.training import Direction
from engine.systems.vqvae.shapes import HIGH_HZ, HOP_LENGTH, NUM_FRAMES


@frozen(kw_only=True)
class FixedWindow:
    """Mel decibels mapped to [0, 1] by a fixed window: a clip's codes depend on that clip alone."""

    kind: ClassVar[str] = "fixed_window"
    low_db: float = setting("decibels that become 0", default=-80.0)
    high_db: float = setting("decibels that become 1", default=40.0)

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """The window is not empty."""
        if self.low_db >= self.high_db:
            yield "high_db", f"must be greater than low_db, {self.low_db:g}"


@frozen(kw_only=True)
class BatchMinMax:
    """The published choice: smallest and largest value of the whole batch become 0 and 1.

    A clip's codes then depend on the clips that happen to share its batch.
    """

    kind: ClassVar[str] = "batch_min_max"


Normalization = FixedWindow | BatchMinMax


@frozen(kw_only=True)
class Dataset(CorpusClips):
    """One-second words as mel spectrograms."""

    sample_rate_hz: int = setting("rate of the audio", default=16_000, check=within(1, 768_000))
    clip_seconds: float = setting(
        "length every clip is cut or padded to", default=1.0, check=between(0.0, 3600.0)
    )
    window: Literal["first", "loudest"] = setting(
        "which part of a longer clip is kept", default="first"
    )

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """The networks need 32 frames of mel bands up to 8 kHz."""
        if self.sample_rate_hz < 2 * HIGH_HZ:
            yield "sample_rate_hz", f"must be at least {2 * HIGH_HZ}: mel bands reach {HIGH_HZ} Hz"
        elif round(self.clip_seconds * self.sample_rate_hz) // HOP_LENGTH + 1 != NUM_FRAMES:
            low, high = ((NUM_FRAMES - 1) * HOP_LENGTH, NUM_FRAMES * HOP_LENGTH - 1)
            yield (
                "clip_seconds",
                f"the networks read {NUM_FRAMES} frames, {low} to {high} samples; "
                f"{self.clip_seconds:g} s at {self.sample_rate_hz} Hz are "
                f"{round(self.clip_seconds * self.sample_rate_hz)}",
            )


_num_codes = within(2, 256)
"""Exported codes are bytes."""

_width = within(1, 4096)
"""Wider networks would not fit in memory for a clip of one second."""


@frozen(kw_only=True)
class GradientCodes:
    """The published quantizer: nearest code, codebook trained by its own loss (VQ-VAE, eq. 3)."""

    kind: ClassVar[str] = "gradient"
    num_codes: int = setting("number of codes", default=10, check=_num_codes)


@frozen(kw_only=True)
class EmaCodes:
    """Codes are moving averages of the vectors they quantize (VQ-VAE, appendix A.1).

    Codes that are hardly used are replaced by vectors of the batch.
    """

    kind: ClassVar[str] = "ema"
    num_codes: int = setting("number of codes", default=10, check=_num_codes)
    code_dim: int = setting("dimensions of a code", default=4, check=_width)
    decay: float = setting(
        "decay of the moving averages, per step", default=0.99, check=between(0.0, 1.0)
    )
    revive_below: float = setting(
        "share of uniform use below which a code is replaced by a vector of the batch",
        default=0.05,
        check=within(0.0, 1.0),
    )


@frozen(kw_only=True)
class OrderedCodes:
    """Finite scalar quantization (Mentzer et al., 2024) with one dimension: the code is a level."""

    kind: ClassVar[str] = "ordered"
    num_codes: int = setting("number of levels", default=10, check=_num_codes)


Quantizer = GradientCodes | EmaCodes | OrderedCodes


_TERMS = {"gradient": {"commitment", "codebook"}, "ema": {"commitment"}, "ordered": set[str]()}
"""Loss terms of each quantizer besides the reconstruction."""


@frozen(kw_only=True)
class PuzzleNetwork:
    """The published network (write-up 004, 83,777 parameters).

    Its bottleneck of 32 x 8 cells is interpolated to the grid of 30 x 30.
    """

    kind: ClassVar[str] = "puzzle"
    latent_dim: int = setting("channels of the grid", default=64, check=_width)
    normalisation: Normalization = setting(
        "how decibels are mapped to [0, 1]", default=FixedWindow()
    )
    quantizer: Quantizer = setting("how cells are quantized to codes", default=GradientCodes())


@frozen(kw_only=True)
class AlignedNetwork:
    """A network whose bottleneck is the grid itself, without interpolation.

    A column covers one or two frames, a row about four mel bands.
    """

    kind: ClassVar[str] = "aligned"
    latent_dim: int = setting("channels of the grid", default=16, check=_width)
    normalisation: Normalization = setting(
        "how decibels are mapped to [0, 1]", default=FixedWindow()
    )
    quantizer: Quantizer = setting("how cells are quantized to codes", default=OrderedCodes())


@frozen(kw_only=True)
class Losses:
    """Weights of the loss terms. A term that the quantizer does not have is left out, or 0.0."""

    reconstruction: float = setting(
        "weight of the mean squared error of normalized mel spectrograms", default=1.0
    )
    commitment: float | None = setting(
        "weight of the commitment loss, which pulls cells towards their code", default=None
    )
    codebook: float | None = setting(
        "weight of the codebook loss, which pulls codes towards their cells", default=None
    )


@frozen(kw_only=True)
class VqvaeRecipe(Recipe):
    """A recipe of the audio puzzle VQ-VAE."""

    turns: ClassVar[tuple[str, ...]] = ("autoencoder",)
    shown_by = ("samples", "pictures", "files.export")
    plots = (
        Plot(
            "eval",
            "step",
            "rmse_db",
            "RMSE of mel spectrograms in dB, evaluation set (step 0: untrained)",
        ),
    )
    metrics: ClassVar[Mapping[str, str]] = {
        "train/reconstruction": "mean squared error of normalized mel spectrograms over the "
        "training batches, without unit; lower is better",
        "train/perplexity": "exp of the entropy of the codes of a batch: the number of codes that "
        "are effectively used",
        "eval/reconstruction": "mean squared error of normalized mel spectrograms over the "
        "evaluation set, without unit; lower is better",
        "eval/loss": "weighted sum of the recipe's loss terms over the evaluation set; lower is "
        "better",
        "eval/rmse_db": "root mean squared error of decoded mel spectrograms over the evaluation "
        "set in dB, both clamped to -80..40 dB; lower is better",
        "eval/rmse_ratio_to_uniform_grid": "eval/rmse_db over the eval/rmse_db of an untrained "
        "30 x 30 grid with as many uniform levels as the model has codes; lower is better, and "
        "below 1 the model beats the grid",
        "eval/perplexity": "exp of the entropy of all codes of the evaluation set: the number of "
        "codes that are effectively used",
        "eval/codes_used": "number of codes that more than 1 % of all cells have",
        "eval/codes_seen": "number of codes that any cell has",
        "eval/order": "Spearman correlation between the energy of a cell and its exported code; 1: "
        "codes ascend with energy",
    }

    directions: ClassVar[Mapping[str, Direction]] = dict.fromkeys(
        ["eval/reconstruction", "eval/loss", "eval/rmse_db", "eval/rmse_ratio_to_uniform_grid"],
        "lowest",
    )

    ceilings = ("unquantised_grid",)

    default_guards: ClassVar[Mapping[str, Guard]] = {
        "eval/perplexity": Guard(
            at="from step:150",
            above=2.0,
            because="docs/audio_vae.md#codebook-collapse",
        )
    }

    dataset: Dataset = setting("which audio is used, and how it is cut")
    model: PuzzleNetwork | AlignedNetwork = setting("the networks")
    losses: Losses = setting("the weight of each loss term")

    @property
    def loss_weights(self) -> dict[str, float]:
        """The weight of each term that the quantizer produces."""
        terms = {"reconstruction", *_TERMS[self.model.quantizer.kind]}
        weights = {term: getattr(self.losses, term) for term in sorted(terms)}
        return {term: weight for term, weight in weights.items() if weight is not None}

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Check that the weighed loss terms are those that the quantizer produces."""
        yield from super().cross_checks()
        kind = self.model.quantizer.kind
        for term in ("commitment", "codebook"):
            weight = getattr(self.losses, term)
            if weight and term not in _TERMS[kind]:
                yield f"losses.{term}", f"the {kind} quantizer has no {term} term; set it to 0.0"
            if weight is None and term in _TERMS[kind]:
                yield f"losses.{term}", f"the {kind} quantizer needs a weight for its {term} term"
