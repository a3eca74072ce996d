"""The typed tables of a codec recipe, and the metrics it produces. No torch."""

from collections.abc import Iterable, Mapping
from math import log2, prod
from typing import ClassVar, Literal

from attrs import frozen

from engine.recipe.dataset import CorpusClips
from engine.recipe.faults import did_you_mean, listed
from engine.recipe.fields import above, at_least, between, not_empty, setting, within
from engine.recipe.judgement import Guard
from engine.recipe.judges import JUDGE_OF, JUDGES
from engine.recipe.premature import premature_guards
from engine.recipe.schema import Plot, Recipe
from engine.recipe.training import Direction
from engine.systems.codec.metrics import DIRECTIONS, GUARDS, METRICS

# ---- the audio ----


@frozen(kw_only=True)
class AsRecorded:
    """Audio as it is in the corpus."""

    kind: ClassVar[str] = "as_recorded"


@frozen(kw_only=True)
class Loudness:
    """Every clip, and every crop, scaled to one loudness (ITU-R BS.1770-4), its peak at most 1."""

    kind: ClassVar[str] = "loudness"
    lufs: float = setting("loudness in LUFS", default=-16.0, check=within(-60.0, 0.0))


@frozen(kw_only=True)
class Rms:
    """Every whole clip scaled to one root mean square, its peak at most 1."""

    kind: ClassVar[str] = "rms"
    dbfs: float = setting("root mean square in dBFS", default=-20.0, check=within(-60.0, 0.0))


Level = AsRecorded | Loudness | Rms


@frozen(kw_only=True)
class Dataset(CorpusClips):
    """Crops of speech or music for training, whole clips for evaluation."""

    sample_rate_hz: int = setting("sample rate of the audio", check=within(1_000, 768_000))
    segment_seconds: float = setting("length of a training crop", check=between(0.0, 60.0))
    crops: Literal["anywhere", "salient"] = setting(
        "where training crops are drawn: anywhere, or redrawn up to eight times until one is "
        "louder than -40 dBFS (RMS)",
        default="anywhere",
    )
    level: Level = setting("how the audio's level is set", default=AsRecorded())
    phase_rotation: Literal["off", "random"] = setting(
        "whether each training crop's phase is rotated by one random angle at all frequencies",
        default="off",
    )
    channels: Literal["mix", "split"] = setting(
        "how the corpus must have been ingested where recordings have several channels: 'mix' "
        "(their mean) or 'split' (a clip of each channel)",
        default="mix",
    )
    upsampling: Literal["refuse", "allow", "leave_out"] = setting(
        "what happens to clips recorded at a lower sample rate: they hold nothing above their own "
        "band, and a codec trained on them generates nothing there",
        default="refuse",
    )


# ---- the networks ----


def _rates(value: tuple[int, ...]) -> str | None:
    return not_empty(value) or within(2, 64)(min(value)) or within(2, 64)(max(value))


def _bands(value: tuple[tuple[float, float], ...]) -> str | None:
    sound = all(0.0 <= low < high <= 1.0 for low, high in value)
    return not_empty(value) or (None if sound else "each must be [low, high], 0 <= low < high <= 1")


def _distinct(value: tuple[object, ...]) -> str | None:
    return None if len(set(value)) == len(value) else "must not hold a value twice"


def _periods(value: tuple[int, ...]) -> str | None:
    return _distinct(value) or (within(2, 1000)(min(value)) if value else None)


def _windows(value: tuple[int, ...]) -> str | None:
    if any(window % 4 for window in value):
        return "each must be divisible by 4: the hop is a quarter of the window"
    sizes = within(16, 65_536)
    return _distinct(value) or ((sizes(min(value)) or sizes(max(value))) if value else None)


def _quantizers(value: tuple[int, ...]) -> str | None:
    return not_empty(value) or _distinct(value) or at_least(1)(min(value))


def _judges(value: tuple[str, ...]) -> str | None:
    unknown = next((name for name in value if name not in JUDGES), None)
    if unknown is None:
        return _distinct(value)
    near = did_you_mean(unknown, JUDGES)
    return f"no judge is called {unknown!r}{near} (known: {listed([*JUDGES])})"


_width = within(1, 8192)


@frozen(kw_only=True)
class Discriminator:
    """Multi-period and multi-resolution STFT discriminators (DAC, section 3.3), and their loss."""

    periods: tuple[int, ...] = setting(
        "periods of the period discriminators in samples; empty: none",
        default=(2, 3, 5, 7, 11),
        check=_periods,
    )
    stft_windows: tuple[int, ...] = setting(
        "windows of the STFT discriminators in samples; empty: none",
        default=(2048, 1024, 512),
        check=_windows,
    )
    bands: tuple[tuple[float, float], ...] = setting(
        "bands of each STFT discriminator, as shares of the spectrum: each band has layers of its "
        "own",
        default=((0.0, 0.1), (0.1, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1.0)),
        check=_bands,
    )
    loss: Literal["hinge", "least_squares"] = setting("the GAN loss", default="least_squares")
    reduction: Literal["mean", "sum"] = setting(
        "whether the GAN loss is averaged or summed over the discriminators", default="sum"
    )
    features: Literal["sum", "mean", "relative"] = setting(
        "feature matching loss: the L1 of each feature map, summed over all maps ('sum'), averaged "
        "('mean'), or divided by the mean absolute value of the real map and averaged ('relative')",
        default="sum",
    )
    starts_at_step: int = setting(
        "number of finished steps before the discriminators are trained and the adversarial losses "
        "are computed",
        default=0,
        check=at_least(0),
    )
    every_steps: int = setting(
        "steps from one update of the discriminators to the next", default=1, check=within(1, 6)
    )
    precision: Literal["same", "bf16"] = setting(
        "arithmetic of the discriminators' convolutions: that of training.precision ('same'), or "
        "bf16",
        default="same",
    )

    @property
    def least_samples(self) -> int:
        """The shortest audio, in samples, that every discriminator accepts: its ends are padded.

        Padding is by reflection, which needs more samples than it adds.
        """
        # Three eighths of a window, and the last hop where it is not a whole one.
        reflected = [9 * window // 16 for window in self.stft_windows]
        return 1 + max([*reflected, *self.periods])

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Check that there is a discriminator, and that every band of every window has a bin."""
        if not self.periods and not self.stft_windows:
            yield "periods", "periods and stft_windows are both empty: give at least one of them"
        for window in self.stft_windows:
            bins = window // 2 + 1
            empty = [band for band in self.bands if int(band[0] * bins) >= int(band[1] * bins)]
            if empty:
                low, high = empty[0]
                yield (
                    "stft_windows",
                    f"a window of {window} samples has no frequency bin in the band from {low:g} "
                    f"to {high:g}: use a longer window or wider bands",
                )


@frozen(kw_only=True)
class Model:
    """The Descript Audio Codec (Kumar et al., 2023): convolutions around a residual quantizer."""

    kind: ClassVar[str] = "dac"
    encoder_dim: int = setting("channels after the encoder's first layer", default=64, check=_width)
    encoder_rates: tuple[int, ...] = setting(
        "strides of the encoder's blocks; their product is the hop in samples",
        default=(2, 4, 8, 8),
        check=_rates,
    )
    latent_dim: int | None = setting(
        "channels between encoder and decoder; encoder_dim, doubled once for each stride, where "
        "it is not given",
        default=None,
        check=_width,
    )
    decoder_dim: int = setting("channels of the decoder's first layer", default=1536, check=_width)
    decoder_rates: tuple[int, ...] = setting(
        "strides of the decoder's blocks", default=(8, 8, 4, 2), check=_rates
    )
    num_codebooks: int = setting(
        "number of residual quantizers, each with a codebook", default=9, check=within(1, 64)
    )
    codebook_size: int = setting(
        "number of codes of each codebook", default=1024, check=within(2, 65_536)
    )
    codebook_dim: int = setting("dimensions of a code", default=8, check=within(1, 1024))
    quantizer_dropout: float = setting(
        "share of a batch that is coded with a random number of quantizers",
        default=0.5,
        check=within(0.0, 1.0),
    )
    restart_below: float = setting(
        "share of uniform use below which a code is replaced by a vector of the batch; 0: never",
        default=0.0,
        check=within(0.0, 1.0),
    )
    discriminator: Discriminator = setting(
        "the networks of the adversarial losses", default=Discriminator()
    )

    @property
    def hop_length(self) -> int:
        """Samples from one code to the next."""
        return prod(self.encoder_rates)

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Check that decoded audio is as long as the original."""
        if prod(self.encoder_rates) != prod(self.decoder_rates):
            yield (
                "decoder_rates",
                f"must multiply to {prod(self.encoder_rates)}, as encoder_rates do; "
                f"they multiply to {prod(self.decoder_rates)}",
            )
        if self.decoder_dim % 2 ** len(self.decoder_rates):
            yield "decoder_dim", f"must be divisible by {2 ** len(self.decoder_rates)}"


# ---- what is learned ----


@frozen(kw_only=True)
class Balancer:
    """Loss weights as shares of the gradient at the waveform (EnCodec, section 3.4)."""

    decay: float = setting(
        "decay, per step, of the moving average of each term's gradient norm",
        default=0.999,
        check=between(0, 1),
    )
    total_norm: float = setting(
        "norm of the summed gradient at each clip, whatever the size of a batch",
        default=1.0,
        check=above(0.0),
    )


_weight = at_least(0.0)

ADVERSARIAL_TERMS = ("adversarial", "feature")
"""Loss terms that need the discriminators."""
GENERATOR_TERMS = (*ADVERSARIAL_TERMS, "mel", "waveform", "stft", "commitment", "codebook")


@frozen(kw_only=True)
class Losses:
    """Weights of the loss terms; a term of weight 0 is not computed."""

    discriminator: float = setting(
        "weight of the discriminators' own loss", default=1.0, check=above(0.0)
    )
    adversarial: float = setting(
        "weight of the adversarial loss: how far the discriminators recognize decoded audio",
        check=_weight,
    )
    feature: float = setting("weight of the feature matching loss", check=_weight)
    mel: float = setting(
        "weight of the L1 of log mel spectrograms at seven resolutions", check=_weight
    )
    waveform: float = setting("weight of the L1 of the samples", default=0.0, check=_weight)
    stft: float = setting(
        "weight of the L1 of STFT magnitudes and of their logarithms at two resolutions",
        default=0.0,
        check=_weight,
    )
    commitment: float = setting(
        "weight of the commitment loss, which pulls latents towards their codes", check=_weight
    )
    codebook: float = setting(
        "weight of the codebook loss, which pulls codes towards their latents", check=_weight
    )
    balancer: Balancer | None = setting(
        "balances the loss terms by their gradients at the waveform, instead of adding them",
        default=None,
    )


# ---- what is measured ----


@frozen(kw_only=True)
class Evaluation:
    """How whole clips are coded and measured, at several bitrates."""

    quantizers: tuple[int, ...] | None = setting(
        "numbers of quantizers to evaluate with, besides all of them; every number where it is not "
        "given",
        default=None,
        check=_quantizers,
    )
    judges: tuple[str, ...] = setting(
        "published models and programs that measure decoded audio, by their names in "
        "docs/judges.md; one that is not installed is left out, and the run reports it",
        default=("pesq", "stoi"),
        check=_judges,
    )


@frozen(kw_only=True)
class CodecRecipe(Recipe):
    """A recipe of a neural audio codec."""

    turns: ClassVar[tuple[str, ...]] = ("discriminator", "generator")
    shown_by = ("samples", "files.export")
    plots = (
        Plot("eval", "step", "si_sdr_db"),
        Plot(
            "quantizers", "kbps", "si_sdr_db", "SI-SDR in dB by bitrate in kbit/s, evaluation set"
        ),
        Plot("quantizers", "kbps", "mel", "Mel distance by bitrate in kbit/s, evaluation set"),
        Plot("codebook", "codebook", "perplexity"),
    )
    metrics: ClassVar[Mapping[str, str]] = METRICS
    loss_metric = "eval/mel"
    directions: ClassVar[Mapping[str, Direction]] = DIRECTIONS
    default_guards: ClassVar[Mapping[str, Guard]] = GUARDS
    loss_settings: ClassVar[Mapping[str, str]] = {
        "model.discriminator.loss": "",
        "model.discriminator.reduction": "over discriminators",
        "model.discriminator.features": "over feature maps",
    }

    dataset: Dataset = setting("which audio is used, and how it is cut")
    model: Model = setting("the networks")
    losses: Losses = setting("the weight of each loss term")
    evaluation: Evaluation = setting("what is measured", default=Evaluation())

    @property
    def judged_metrics(self) -> Mapping[str, Direction]:
        """The metrics of evaluation.judges, which score every evaluation clip."""
        figures = (name for judge in self.evaluation.judges for name in JUDGES[judge].figures)
        sides = {f"eval/{name}": self.directions.get(f"eval/{name}") for name in figures}
        return {metric: side for metric, side in sides.items() if side is not None}

    @property
    def generator_weights(self) -> dict[str, float]:
        """The weight of each loss term of the generator whose weight is above 0."""
        weights = {term: getattr(self.losses, term) for term in GENERATOR_TERMS}
        return {term: weight for term, weight in weights.items() if weight > 0.0}

    @property
    def bits_per_second(self) -> float:
        """Nominal bitrate with all quantizers."""
        frames = self.dataset.sample_rate_hz / self.model.hop_length
        return self.model.num_codebooks * log2(self.model.codebook_size) * frames

    @property
    def evaluated_quantizers(self) -> tuple[int, ...]:
        """The numbers of quantizers that clips are evaluated with, ascending, all of them last."""
        every = range(1, self.model.num_codebooks + 1)
        return tuple(sorted({*(self.evaluation.quantizers or every), self.model.num_codebooks}))

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Check that the tables fit each other, and that the model has the metrics it names."""
        yield from super().cross_checks()
        model, samples = (
            self.model,
            round(self.dataset.segment_seconds * self.dataset.sample_rate_hz),
        )
        least = max(model.hop_length, model.discriminator.least_samples)
        if samples < least:
            yield (
                "dataset.segment_seconds",
                f"must be at least {least} samples long, for a frame of codes and for the "
                f"discriminators' windows and periods; it is {samples} samples long",
            )
        too_many = [n for n in self.evaluation.quantizers or () if n > model.num_codebooks]
        if too_many:
            yield (
                "evaluation.quantizers",
                f"must be at most {model.num_codebooks} (model.num_codebooks), got {too_many[0]}",
            )
        if self.losses.balancer is not None and self.training.precision == "fp16":
            yield (
                "losses.balancer",
                "needs training.precision 'fp32' or 'bf16': fp16 scales the losses",
            )
        if not self.generator_weights:
            yield "losses", "no term of the generator has a weight: give at least one a weight"
        elif self.losses.balancer is not None and not self._through_waveform:
            yield (
                "losses.balancer",
                "balances gradients at the waveform, and no loss term with a weight has one",
            )
        for path, metric in self.named_metrics():
            why = self._why_absent(metric)
            if why:
                yield path, f"'{metric}': {why}"
        yield from self.premature_guards(None)

    @property
    def _through_waveform(self) -> set[str]:
        return self.generator_weights.keys() - {"commitment", "codebook"}

    def _why_absent(self, metric: str) -> str | None:
        """Why no run of this recipe gives a metric that its system has; None where runs do."""
        model, weights = self.model, self.generator_weights
        what, _, name = metric.rpartition("/")
        group, _, number = what.rpartition("/")[2].rpartition("_")
        if group == "quantizers" and int(number) not in self.evaluated_quantizers:
            numbers = ", ".join(map(str, self.evaluated_quantizers))
            return f"the recipe evaluates {numbers} quantizers"
        if group == "codebook" and int(number) > model.num_codebooks:
            return f"the model has {model.num_codebooks} codebooks"
        judge = JUDGE_OF.get(name)
        if judge is not None and judge not in self.evaluation.judges:
            return f"evaluation.judges does not name '{judge}'"
        kind, _, size = name.rpartition("_")
        judges = {"period": model.discriminator.periods, "stft": model.discriminator.stft_windows}
        which = judges.get(kind.rpartition("_")[2])
        if what == "train/discriminator" and which is not None and int(size) not in which:
            return "the recipe has no such discriminator"
        if name == "restarted_codes" and model.restart_below == 0.0:
            return "model.restart_below is 0.0"
        needs = "feature" if name.startswith("feature_") else name
        trained = what in ("train/generator", "train/gradient_share")
        if trained and needs in GENERATOR_TERMS and not self._computes(needs):
            return f"losses.{needs} is 0.0"
        has_none = what == "train/gradient_share" and name not in weights
        return f"losses.{name} is 0.0" if has_none else None

    def _computes(self, term: str) -> bool:
        """Whether a term is computed; feature distances come with either adversarial term."""
        weights = self.generator_weights
        return term in weights or (term == "feature" and "adversarial" in weights)

    def premature_guards(self, steps_per_epoch: int | None) -> Iterable[tuple[str, str]]:
        """Guards on discriminators before their first step: key path and fault of each.

        Guards at an epoch are checked where the number of steps per epoch is known.
        """
        begin = self.model.discriminator.starts_at_step
        return premature_guards(self.guard, begin, steps_per_epoch)
