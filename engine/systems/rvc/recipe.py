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
    twice = None if len(set(value)) == len(value) else "must not name one twice"
    return twice or (within(2, 1000)(min(value)) if value else None)


@frozen(kw_only=True)
class Discriminator:
    """RVC's multi-period discriminator: one scale discriminator, and one for each period."""

    periods: tuple[int, ...] | None = setting(
        "periods in samples; those of the model's version where they are not given",
        default=None,
        check=lambda value: None if value is None else _periods(value),
    )
    scale: Literal["with", "without"] = setting(
        "whether there is a scale discriminator, of the waveform itself", default="with"
    )
    channels: tuple[int, ...] = setting(
        "channels of the layers of each period", default=(32, 128, 512, 1024, 1024), check=_kernels
    )
    starts_at_step: int = setting(
        "finished steps before the discriminators and the adversarial losses begin",
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
    """How weights begin where upstream's beginning is too slow; the defaults are upstream's."""

    sine_weight: float | None = setting(
        "initial weight of the sine source; drawn at random, as upstream draws it, where it is "
        "not given. A large weight, such as 50, makes square pulses of the sine by the hyperbolic "
        "tangent, which have harmonics",
        default=None,
        check=above(0.0),
    )
    sine_bias: float = setting(
        "initial bias of the sine source, where sine_weight is given; below 0, pulses are narrow",
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
        "added to the initial log standard deviations of posterior and prior; below 0, the means "
        "outweigh the noise from the first step on",
        default=0.0,
        check=within(-8.0, 0.0),
    )


@frozen(kw_only=True)
class Model:
    """RVC's synthesizer, from content features, pitch and a speaker to audio, after VITS."""

    version: Literal["v1", "v2"] = setting(
        "v1 has content features of 256 dimensions, v2 of 768", default="v2"
    )
    n_fft: int = setting("samples of a spectrogram's window", default=2048, check=within(64, 8192))
    num_mels: int = setting("bands of the mel loss", default=125, check=within(8, 256))
    mel_floor: Literal["classic", "2026"] = setting(
        "the floor of spectrograms: 1e-6 and 1e-5, or 2e-7 and 2e-6 (RVC WebUI since July 2026)",
        default="classic",
    )
    latent_channels: int = setting("of the latent variable", default=192, check=_width)
    hidden_channels: int = setting("of text encoder, posterior and flow", default=192, check=_width)
    filter_channels: int = setting("of feed-forward layers", default=768, check=_width)
    num_heads: int = setting("attention heads", default=2, check=at_least(1))
    num_layers: int = setting("layers of the text encoder", default=6, check=at_least(1))
    kernel_size: int = setting("of feed-forward layers", default=3, check=at_least(1))
    dropout: float = setting("of the text encoder", default=0.0, check=within(0.0, 0.9))
    posterior_layers: int = setting(
        "layers of the posterior encoder; it is not exported", default=16, check=at_least(1)
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
        "strides of the decoder's upsampling layers; their product is the hop",
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
    speaker_channels: int = setting("of a speaker's embedding", default=256, check=_width)
    speaker_rows: int = setting(
        "rows of the speakers' embedding; RVC's published files have 109",
        default=109,
        check=at_least(1),
    )
    prior_share: float = setting(
        "share of a batch that is decoded from the prior, as in conversion, which RVC WebUI's "
        "training never does",
        default=0.0,
        check=within(0.0, 1.0),
    )
    initial_weights: InitialWeights = setting(
        "how fresh weights are drawn, for short runs from nothing", default=InitialWeights()
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
        """Samples of a frame."""
        return prod(self.upsample_rates)

    @property
    def periods(self) -> tuple[int, ...]:
        """The periods of the discriminators."""
        by_version = {"v1": (2, 3, 5, 7, 11, 17), "v2": (2, 3, 5, 7, 11, 17, 23, 37)}
        given = self.discriminator.periods
        return by_version[self.version] if given is None else given

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Lists of one length, heads of equal width, kernels that fit their strides."""
        if len(self.upsample_kernels) != len(self.upsample_rates):
            yield "upsample_kernels", f"must be {len(self.upsample_rates)}, as upsample_rates are"
        pairs = zip(self.upsample_kernels, self.upsample_rates, strict=False)
        if any(kernel < rate or (kernel - rate) % 2 for kernel, rate in pairs):
            yield "upsample_kernels", "each must exceed its rate by an even number, or equal it"
        if len(self.resblock_dilations) != len(self.resblock_kernels):
            yield "resblock_dilations", f"must be {len(self.resblock_kernels)}, one a kernel"
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

    discriminator: float = setting("the discriminators' own loss", default=1.0, check=above(0.0))
    adversarial: float = setting("fooling the discriminators", default=1.0, check=_weight)
    feature: float = setting("feature matching", default=2.0, check=_weight)
    mel: float = setting("L1 of log mel spectrograms", default=45.0, check=_weight)
    stft: float = setting(
        "L1 of STFT magnitudes at several resolutions, which RVC WebUI has not",
        default=0.0,
        check=_weight,
    )
    kl: float = setting("divergence of posterior and prior", default=1.0, check=_weight)


# ---- what is measured ----


JUDGED_BY = frozenset[Need]({"voice"})
"""What is known of a clip that is converted, besides the audio."""


@frozen(kw_only=True)
class Conversion(Judged):
    """Clips of other speakers that are converted, to be measured and listened to.

    They are those of the corpus's speakers that are not learned; where all are learned, held-out
    clips, each converted to the next voice.
    """

    num_clips: int = setting("how many are measured", default=8, check=at_least(0))
    noise_scale: float = setting(
        "standard deviation of the prior's noise in conversion",
        default=0.66666,
        check=within(0.0, 2.0),
    )
    measured_by: Literal["same", "fcpe", "swift_f0"] = setting(
        "pitch method that measures generated audio: the dataset's, or another", default="same"
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
        Plot("eval", "step", "mel", "L1 of log mels of resynthesised clips, evaluation set"),
        Plot("eval", "step", "f0_cents", "Pitch error in cents, evaluation set"),
    )
    metrics: ClassVar[Mapping[str, str]] = {**METRICS, **judged_metrics(JUDGED_BY)}
    directions: ClassVar[Mapping[str, Direction]] = {**DIRECTIONS, **judged_sides(JUDGED_BY)}
    loss_metric = "eval/mel"
    default_guards: ClassVar[Mapping[str, Guard]] = GUARDS

    dataset: Dataset = setting("which recordings, and what is extracted from them")
    model: Model = setting("the networks", default=Model())
    losses: Losses = setting("the weight of each loss term", default=Losses())
    conversion: Conversion = setting("which clips are converted", default=Conversion())

    @property
    def judges(self) -> tuple[str, ...]:
        """Those of the clips that are converted."""
        return self.conversion.judges

    @property
    def has_pitch(self) -> bool:
        """Whether the decoder is driven by the fundamental frequency."""
        return not isinstance(self.dataset.pitch, NoPitch)

    @property
    def generator_weights(self) -> dict[str, float]:
        """The weight of each term of the generator's turn that weighs anything."""
        weights = {term: getattr(self.losses, term) for term in GENERATOR_TERMS}
        return {term: weight for term, weight in weights.items() if weight > 0.0}

    @property
    def published_weights(self) -> tuple[str, ...]:
        """The published generator, and the discriminators where they are given."""
        given = self.model.discriminator.weights
        return (*super().published_weights, *([] if given is None else [given]))

    @property
    def reads_hz(self) -> tuple[int, ...]:
        """The rate of the model's audio, from which that of the features is made."""
        return (self.dataset.sample_rate_hz,)

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """The tables fit each other."""
        yield from super().cross_checks()
        frame = self.dataset.sample_rate_hz // FRAMES_A_SECOND
        if self.model.hop_length != frame:
            yield (
                "model.upsample_rates",
                f"must multiply to {frame}, a hundredth of a second; they multiply to "
                f"{self.model.hop_length}",
            )
        if self.model.n_fft < frame:
            yield "model.n_fft", f"must be at least a frame, {frame}"
        if self.dataset.segment_frames * frame <= self.model.n_fft:
            yield "dataset.segment_frames", f"must hold more than a window of {self.model.n_fft}"
        if len(self.dataset.speakers) > self.model.speaker_rows:
            yield "model.speaker_rows", f"must be at least {len(self.dataset.speakers)}"
        if "mel" not in self.generator_weights and "stft" not in self.generator_weights:
            yield "losses", "nothing leads to the waveform: give mel or stft a weight"
        if len(self.published_weights) == 1 and self.model.discriminator.weights is not None:
            yield "model.discriminator.weights", "needs start.weights: the generator's beside it"
        for path, metric in self.named_metrics():
            if why := self._why_absent(metric):
                yield path, f"'{metric}': {why}"
        for fault in judge_faults(self.conversion.judges, JUDGED_BY, self.conversion.num_clips, ()):
            yield "conversion.judges", fault
        yield from self.premature_guards(None)

    def premature_guards(self, steps_per_epoch: int | None) -> Iterable[tuple[str, str]]:
        """Guards that would judge discriminators before they have learned a step: path and fault.

        Those at an epoch are looked at where the steps in one are known.
        """
        begin = self.model.discriminator.starts_at_step
        return premature_guards(self.guard, begin, steps_per_epoch)

    def _why_absent(self, metric: str) -> str | None:
        """Why the runs of this very recipe never give a metric that its system has."""
        what, _, name = metric.rpartition("/")
        if name in _OF_PITCH and not self.has_pitch:
            return "dataset.pitch is 'none'"
        if what.endswith("/conversion") and self.conversion.num_clips == 0:
            return "conversion.num_clips is 0"
        if what == "train/discriminator" and name.endswith("_scale"):
            return None if self.model.discriminator.scale == "with" else "there is no such one"
        size = name.rpartition("_period_")[2]
        if what == "train/discriminator" and size.isdecimal():
            return None if int(size) in self.model.periods else "there is no such discriminator"
        weights = self.generator_weights
        if what == "train/gradient_share" and name not in weights:
            return f"losses.{name} is 0"
        if what == "train/generator" and name == "feature_relative":
            heard = not weights.keys().isdisjoint(ADVERSARIAL_TERMS)
            return None if heard else "losses.adversarial and losses.feature are 0"
        if what == "train/generator" and name in GENERATOR_TERMS and name not in weights:
            return f"losses.{name} is 0"
        return None
