"""The typed tables of an RVC recipe, and the metrics it produces. No torch."""

from collections.abc import Iterable, Mapping
from math import prod
from typing import ClassVar, Literal

from attrs import frozen

from engine.recipe.fields import above, at_least, not_empty, setting, within
from engine.recipe.judged import Judged, judge_faults, judged_metrics, judged_sides
from engine.recipe.judgement import Guard
from engine.recipe.judges import Need
from engine.recipe.premature import premature_guards
from engine.recipe.schema import Plot, Recipe
from engine.recipe.training import Direction
from engine.systems.rvc.dataset_table import FRAMES_A_SECOND, Dataset, NoPitch
from engine.systems.rvc.metrics import DIRECTIONS, GUARDS, METRICS

# ---- the networks ----

_width = within(1, 4096)


def _rates(value: tuple[int, ...]) -> str | None:
    return not_empty(value) or within(2, 64)(min(value)) or within(2, 64)(max(value))


def _kernels(value: tuple[int, ...]) -> str | None:
    return not_empty(value) or at_least(1)(min(value))


def _odd(value: tuple[int, ...]) -> str | None:
    return _kernels(value) or (None if all(size % 2 for size in value) else "must be odd")


def _dilations(value: tuple[tuple[int, ...], ...]) -> str | None:
    return not_empty(value) or next(filter(None, map(_kernels, value)), None)


def _periods(value: tuple[int, ...]) -> str | None:
    twice = None if len(set(value)) == len(value) else "must not hold a value twice"
    return twice or (within(2, 1000)(min(value)) if value else None)


@frozen(kw_only=True)
class Discriminator:
    """RVC's multi-period discriminator: one scale discriminator, and one for each period."""

    periods: tuple[int, ...] | None = setting(
        "periods of the period discriminators in samples; those of the model's version where they "
        "are not given",
        default=None,
        check=lambda value: None if value is None else _periods(value),
    )
    scale: Literal["with", "without"] = setting(
        "whether there is a scale discriminator, which sees the waveform itself", default="with"
    )
    channels: tuple[int, ...] = setting(
        "channels of the layers of each period discriminator",
        default=(32, 128, 512, 1024, 1024),
        check=_kernels,
    )
    starts_at_step: int = setting(
        "number of finished steps before the discriminators are trained and the adversarial losses "
        "are computed",
        default=0,
        check=at_least(0),
    )
    weights: str | None = setting(
        "published weights to start from (f0D40k.pth), by their path in the project",
        default=None,
        check=not_empty,
    )


@frozen(kw_only=True)
class InitialWeights:
    """How fresh weights are initialized; the defaults are RVC WebUI's.

    In runs of minutes from fresh weights RVC WebUI's initial weights learn too slowly.
    """

    sine_weight: float | None = setting(
        "initial weight of the sine source; drawn at random, as in RVC WebUI, where it is not "
        "given. With a large weight, such as 50, the hyperbolic tangent makes square pulses of the "
        "sine, which have harmonics",
        default=None,
        check=above(0.0),
    )
    sine_bias: float = setting(
        "initial bias of the sine source, where sine_weight is given; below 0, the pulses are "
        "narrow",
        default=0.0,
    )
    upsampling_gain: float = setting(
        "factor of the initial weights of the decoder's transposed convolutions. torch draws them "
        "for outputs that depend on the whole kernel, which is about 4 times too small: in a short "
        "run the latents have little effect",
        default=1.0,
        check=above(0.0),
    )
    pitch_embedding_deviation: float = setting(
        "standard deviation of the initial weights of the pitch embedding. torch's 1 outweighs "
        "content features that are small, as log mels are",
        default=1.0,
        check=at_least(0.0),
    )
    log_deviation_offset: float = setting(
        "value that is added to the initial log standard deviations of posterior and prior; below "
        "0, the means outweigh the noise from the first step on",
        default=0.0,
        check=within(-8.0, 0.0),
    )


@frozen(kw_only=True)
class Model:
    """RVC's synthesizer, after VITS: from content features, pitch and a speaker to audio."""

    version: Literal["v1", "v2"] = setting(
        "version of RVC: content features have 256 dimensions in v1, 768 in v2", default="v2"
    )
    n_fft: int = setting(
        "window of the spectrograms in samples", default=2048, check=within(64, 8192)
    )
    num_mels: int = setting("number of bands of the mel loss", default=125, check=within(8, 256))
    mel_floor: Literal["classic", "2026"] = setting(
        "smallest magnitudes of spectrograms and of their mel bands: 1e-6 and 1e-5 ('classic'), or "
        "2e-7 and 2e-6 ('2026': RVC WebUI since July 2026)",
        default="classic",
    )
    latent_channels: int = setting("channels of the latent variable", default=192, check=_width)
    hidden_channels: int = setting(
        "channels of text encoder, posterior encoder and flow", default=192, check=_width
    )
    filter_channels: int = setting(
        "channels of the text encoder's feed-forward layers", default=768, check=_width
    )
    num_heads: int = setting(
        "number of attention heads of the text encoder", default=2, check=at_least(1)
    )
    num_layers: int = setting("number of layers of the text encoder", default=6, check=at_least(1))
    kernel_size: int = setting(
        "kernel size of the text encoder's feed-forward layers", default=3, check=at_least(1)
    )
    dropout: float = setting("dropout of the text encoder", default=0.0, check=within(0.0, 0.9))
    posterior_layers: int = setting(
        "number of layers of the posterior encoder, which is not exported",
        default=16,
        check=at_least(1),
    )
    resblock: Literal["1", "2"] = setting(
        "HiFi-GAN's kind of residual block; Applio supports kind 1 only", default="1"
    )
    resblock_kernels: tuple[int, ...] = setting(
        "kernel sizes of the residual blocks", default=(3, 7, 11), check=_odd
    )
    resblock_dilations: tuple[tuple[int, ...], ...] = setting(
        "dilations of the residual blocks, by kernel",
        default=((1, 3, 5), (1, 3, 5), (1, 3, 5)),
        check=_dilations,
    )
    upsample_rates: tuple[int, ...] = setting(
        "strides of the decoder's upsampling layers; their product is the hop in samples",
        default=(10, 10, 2, 2),
        check=_rates,
    )
    upsample_kernels: tuple[int, ...] = setting(
        "kernel sizes of the upsampling layers", default=(16, 16, 4, 4), check=_kernels
    )
    upsample_channels: int = setting(
        "channels before the first upsampling layer; each layer halves them",
        default=512,
        check=_width,
    )
    speaker_channels: int = setting("channels of a speaker embedding", default=256, check=_width)
    speaker_rows: int = setting(
        "number of speaker embeddings; RVC's published files have 109",
        default=109,
        check=at_least(1),
    )
    prior_share: float = setting(
        "share of a batch that is decoded from the prior, as in conversion; RVC WebUI trains on "
        "the posterior alone",
        default=0.0,
        check=within(0.0, 1.0),
    )
    initial_weights: InitialWeights = setting(
        "how fresh weights are initialized, for short runs without published weights",
        default=InitialWeights(),
    )
    discriminator: Discriminator = setting(
        "the networks of the adversarial losses", default=Discriminator()
    )

    @property
    def content_channels(self) -> int:
        """Dimensions of a content feature."""
        return {"v1": 256, "v2": 768}[self.version]

    @property
    def hop_length(self) -> int:
        """Number of samples per frame."""
        return prod(self.upsample_rates)

    @property
    def periods(self) -> tuple[int, ...]:
        """The periods of the discriminators."""
        by_version = {"v1": (2, 3, 5, 7, 11, 17), "v2": (2, 3, 5, 7, 11, 17, 23, 37)}
        given = self.discriminator.periods
        return by_version[self.version] if given is None else given

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Check that lists are equally long, heads equally wide, and that kernels fit strides."""
        if len(self.upsample_kernels) != len(self.upsample_rates):
            yield (
                "upsample_kernels",
                f"must have {len(self.upsample_rates)} values, as many as upsample_rates",
            )
        pairs = zip(self.upsample_kernels, self.upsample_rates, strict=False)
        if any(kernel < rate or (kernel - rate) % 2 for kernel, rate in pairs):
            yield (
                "upsample_kernels",
                "each must equal its upsample_rate, or exceed it by an even number",
            )
        if len(self.resblock_dilations) != len(self.resblock_kernels):
            yield (
                "resblock_dilations",
                f"must have {len(self.resblock_kernels)} lists, one for each of resblock_kernels",
            )
        if self.hidden_channels % self.num_heads:
            yield "num_heads", f"must divide hidden_channels, {self.hidden_channels}"
        if self.latent_channels % 2:
            yield "latent_channels", "must be even: the flow couples halves"
        if self.upsample_channels % 2 ** len(self.upsample_rates):
            yield "upsample_channels", f"must be divisible by {2 ** len(self.upsample_rates)}"


# ---- what is learned ----

_weight = at_least(0.0)

ADVERSARIAL_TERMS = ("adversarial", "feature")
"""Terms that need the discriminators."""
GENERATOR_TERMS = (*ADVERSARIAL_TERMS, "mel", "stft", "kl")


@frozen(kw_only=True)
class Losses:
    """Weights of the loss terms; a term of weight 0 is not computed."""

    discriminator: float = setting(
        "weight of the discriminators' own loss", default=1.0, check=above(0.0)
    )
    adversarial: float = setting(
        "weight of the adversarial loss: how far the discriminators recognize generated audio",
        default=1.0,
        check=_weight,
    )
    feature: float = setting("weight of the feature matching loss", default=2.0, check=_weight)
    mel: float = setting("weight of the L1 of log mel spectrograms", default=45.0, check=_weight)
    stft: float = setting(
        "weight of the L1 of STFT magnitudes at several resolutions, a term that RVC WebUI does "
        "not have",
        default=0.0,
        check=_weight,
    )
    kl: float = setting(
        "weight of the Kullback-Leibler divergence of posterior and prior",
        default=1.0,
        check=_weight,
    )


# ---- what is measured ----


JUDGED_BY = frozenset[Need]({"voice"})
"""Facts that are known of a converted clip besides its audio."""


@frozen(kw_only=True)
class Conversion(Judged):
    """Clips of other speakers that are converted, for evaluation and for listening.

    The clips are of those speakers of the corpus that the recipe does not train. Where it trains
    all of them, held-out clips are converted, each to the next voice.
    """

    num_clips: int = setting("number of clips that are measured", default=8, check=at_least(0))
    noise_scale: float = setting(
        "standard deviation of the prior's noise in conversion",
        default=0.66666,
        check=within(0.0, 2.0),
    )
    measured_by: Literal["same", "fcpe", "swift_f0"] = setting(
        "pitch method that measures generated audio: that of dataset.pitch ('same'), or another",
        default="same",
    )


_OF_PITCH = ("f0_cents", "voicing_error", "voiceless_share", "octave_cents")


@frozen(kw_only=True)
class RvcRecipe(Recipe):
    """A recipe that trains a voice for RVC."""

    turns: ClassVar[tuple[str, ...]] = ("discriminator", "generator")
    reference_parts: ClassVar[tuple[str, ...]] = ("original", "take")
    shown_by = (
        "samples",
        "pictures",
        "export",
        "files.export",
        "conversion",
        "notes",
        "data.clip_tables",
    )
    plots = (
        Plot("eval", "step", "mel", "L1 of log mels of resynthesized clips, evaluation set"),
        Plot("eval", "step", "f0_cents", "Pitch error in cents, evaluation set"),
    )
    metrics: ClassVar[Mapping[str, str]] = {**METRICS, **judged_metrics(JUDGED_BY)}
    directions: ClassVar[Mapping[str, Direction]] = {**DIRECTIONS, **judged_sides(JUDGED_BY)}
    loss_metric = "eval/mel"
    default_guards: ClassVar[Mapping[str, Guard]] = GUARDS

    dataset: Dataset = setting("which recordings are used, and what is extracted from them")
    model: Model = setting("the networks", default=Model())
    losses: Losses = setting("the weight of each loss term", default=Losses())
    conversion: Conversion = setting("which clips are converted", default=Conversion())

    @property
    def judges(self) -> tuple[str, ...]:
        """The judges that score converted clips at every evaluation."""
        return self.conversion.judges

    @property
    def has_pitch(self) -> bool:
        """Whether the decoder is conditioned on the fundamental frequency."""
        return not isinstance(self.dataset.pitch, NoPitch)

    @property
    def generator_weights(self) -> dict[str, float]:
        """The weight of each loss term of the generator whose weight is above 0."""
        weights = {term: getattr(self.losses, term) for term in GENERATOR_TERMS}
        return {term: weight for term, weight in weights.items() if weight > 0.0}

    @property
    def published_weights(self) -> tuple[str, ...]:
        """The published generator, and the discriminators where they are given."""
        given = self.model.discriminator.weights
        return (*super().published_weights, *([] if given is None else [given]))

    @property
    def reads_hz(self) -> tuple[int, ...]:
        """The sample rate of the model's audio in Hz, from which the features' audio is made."""
        return (self.dataset.sample_rate_hz,)

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Check that the tables fit each other."""
        yield from super().cross_checks()
        frame = self.dataset.sample_rate_hz // FRAMES_A_SECOND
        if self.model.hop_length != frame:
            yield (
                "model.upsample_rates",
                f"must multiply to {frame} samples, a hundredth of a second; they multiply to "
                f"{self.model.hop_length}",
            )
        if self.model.n_fft < frame:
            yield "model.n_fft", f"must be at least a frame of {frame} samples"
        if self.dataset.segment_frames * frame <= self.model.n_fft:
            yield (
                "dataset.segment_frames",
                f"must be more than {self.model.n_fft // frame}: a segment must be longer than "
                f"the window of {self.model.n_fft} samples",
            )
        if len(self.dataset.speakers) > self.model.speaker_rows:
            yield (
                "model.speaker_rows",
                f"must be at least {len(self.dataset.speakers)}, one for each of dataset.speakers",
            )
        if "mel" not in self.generator_weights and "stft" not in self.generator_weights:
            yield "losses", "no term compares generated with real audio: give mel or stft a weight"
        if len(self.published_weights) == 1 and self.model.discriminator.weights is not None:
            yield (
                "model.discriminator.weights",
                "needs start.weights too: published discriminators go with a published generator",
            )
        for path, metric in self.named_metrics():
            if why := self._why_absent(metric):
                yield path, f"'{metric}': {why}"
        for fault in judge_faults(self.conversion.judges, JUDGED_BY, self.conversion.num_clips, ()):
            yield "conversion.judges", fault
        yield from self.premature_guards(None)

    def premature_guards(self, steps_per_epoch: int | None) -> Iterable[tuple[str, str]]:
        """Guards on discriminators before their first step: key path and fault of each.

        Guards at an epoch are checked where the number of steps per epoch is known.
        """
        begin = self.model.discriminator.starts_at_step
        return premature_guards(self.guard, begin, steps_per_epoch)

    def _why_absent(self, metric: str) -> str | None:
        """Why no run of this recipe gives a metric that its system has; None where runs do."""
        what, _, name = metric.rpartition("/")
        if name in _OF_PITCH and not self.has_pitch:
            return "dataset.pitch is 'none'"
        if what.endswith("/conversion") and self.conversion.num_clips == 0:
            return "conversion.num_clips is 0"
        if what == "train/discriminator" and name.endswith("_scale"):
            with_scale = self.model.discriminator.scale == "with"
            return None if with_scale else "model.discriminator.scale is 'without'"
        size = name.rpartition("_period_")[2]
        if what == "train/discriminator" and size.isdecimal():
            known = int(size) in self.model.periods
            return None if known else "the recipe has no such discriminator"
        weights = self.generator_weights
        if what == "train/gradient_share" and name not in weights:
            return f"losses.{name} is 0"
        if what == "train/generator" and name == "feature_relative":
            computed = not weights.keys().isdisjoint(ADVERSARIAL_TERMS)
            return None if computed else "losses.adversarial and losses.feature are 0"
        if what == "train/generator" and name in GENERATOR_TERMS and name not in weights:
            return f"losses.{name} is 0"
        return None
