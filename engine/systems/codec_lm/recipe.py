"""The typed tables of a recipe for a language model over a codec's codes. No torch."""

from collections.abc import Iterable, Mapping
from typing import ClassVar, Literal

from attrs import frozen

from engine.recipe.dataset import CorpusClips
from engine.recipe.fields import above, at_least, not_empty, setting, within
from engine.recipe.judged import Judged, judge_faults, judged_metrics, judged_sides
from engine.recipe.judgement import Guard
from engine.recipe.judges import Need
from engine.recipe.naming import run_name
from engine.recipe.schema import Plot, Recipe
from engine.recipe.training import Direction

# ---- the speech, and the codec that makes codes of it ----


@frozen(kw_only=True)
class Dataset(CorpusClips):
    """Utterances with transcripts and speakers; each is conditioned on another of its speaker."""

    sample_rate_hz: int = setting("sample rate of the codec", check=within(4_000, 192_000))
    min_seconds: float = setting("shorter clips are left out", default=0.5, check=at_least(0.1))
    max_seconds: float = setting("longer clips are left out", default=20.0, check=above(0.0))
    max_reference_seconds: float = setting(
        "longer clips are not used as references", default=20.0, check=above(0.0)
    )
    upsampling: Literal["refuse", "allow", "leave_out"] = setting(
        "what happens to clips recorded at a lower sample rate: they hold nothing above their own "
        "band, and a model trained on them generates nothing there; 'allow' warns",
        default="allow",
    )
    num_seen_clips: int = setting(
        "number of clips of trained speakers, two of each, that are held out of training and "
        "evaluated as eval/seen/..., beside the clips of held-out speakers",
        default=32,
        check=at_least(0),
    )
    instruction: str = setting(
        "text of the system turn of the chat", default="Generate audio following instruction."
    )


@frozen(kw_only=True)
class Codec:
    """The codec that encodes the audio: the model of another recipe, or a published folder."""

    from_: str | None = setting(
        "recipe of this project whose trained codec is used",
        default=None,
        key="from",
        check=run_name,
    )
    folder: str | None = setting(
        "folder of a codec that `transformers` loads, by its path in the project; given instead of "
        "from",
        default=None,
        check=not_empty,
    )
    num_codebooks: int | None = setting(
        "number of the codec's codebooks that are used, from the first on; all where it is not "
        "given",
        default=None,
        check=within(1, 64),
    )

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Check that exactly one codec is named."""
        if (self.from_ is None) == (self.folder is None):
            yield "", "give exactly one of from, folder"


# ---- the language model ----


@frozen(kw_only=True)
class _Transformer:
    whisper: Literal["none"] = setting(
        "encoder of audio that the model listens to: the released model has none, as its reference "
        "audio is given as codes",
        default="none",
    )
    max_positions: int = setting(
        "longest sequence in positions: text, reference and target together",
        default=2048,
        check=within(64, 131_072),
    )
    activation_checkpointing: bool = setting(
        "whether activations are computed again in the backward pass instead of kept, which saves "
        "memory and costs time",
        default=False,
        identity=False,
    )
    weights: Literal["float32", "bfloat16"] = setting(
        "type in which trained weights are kept; with adapters, the frozen weights are kept in "
        "training.precision",
        default="float32",
    )


@frozen(kw_only=True)
class Published(_Transformer):
    """Higgs Audio v2 as published: sizes, tokenizer and chat template come from a folder."""

    kind: ClassVar[str] = "published"
    folder: str = setting(
        "folder with config.json and tokenizer.json, by its path in the project; "
        "`cantus fetch higgs_audio_v2` makes it",
        default="published/higgs_audio_v2",
        check=not_empty,
    )
    new_text_head: bool = setting(
        "whether the text head may start untrained where start.weights have none, which is an "
        "error otherwise: transformers drops the text head where a model is loaded without "
        "use_text_head=True and saved again",
        default=False,
    )


@frozen(kw_only=True)
class Scratch(_Transformer):
    """A small model of the same classes, with a tokenizer fitted to the transcripts."""

    kind: ClassVar[str] = "scratch"
    num_layers: int = setting("number of layers", default=3, check=at_least(1))
    dim: int = setting("width of the layers", default=96, check=at_least(16))
    num_heads: int = setting("number of attention heads", default=4, check=at_least(1))
    num_key_heads: int = setting(
        "number of heads of keys and values, which attention heads share (grouped-query attention)",
        default=2,
        check=at_least(1),
    )
    ffn_dim: int = setting("width of each expert", default=192, check=at_least(16))
    num_text_tokens: int = setting(
        "largest vocabulary of the tokenizer, bytes and special tokens included",
        default=384,
        check=at_least(280),
    )

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Check that heads have one even width, and that key heads are shared evenly."""
        if self.dim % (2 * self.num_heads):
            yield (
                "num_heads",
                f"twice num_heads must divide the width of {self.dim}, got {self.num_heads}",
            )
        if self.num_heads % self.num_key_heads:
            yield "num_key_heads", f"must divide num_heads, {self.num_heads}"


Model = Published | Scratch

Adapted = Literal["attention", "audio_expert", "text_expert"]


@frozen(kw_only=True)
class Adapters:
    """Low-rank adapters (LoRA; Hu et al., 2021), by peft; all other weights are frozen."""

    rank: int = setting("rank of the update of each weight", default=16, check=at_least(1))
    alpha: float = setting("the update is scaled by alpha / rank", default=32.0, check=above(0.0))
    dropout: float = setting("dropout of an adapter's input", default=0.0, check=within(0.0, 0.9))
    layers: tuple[Adapted, ...] = setting(
        "linear layers that are adapted", default=("attention", "audio_expert"), check=not_empty
    )

    def go_on_from(self, others: "Adapters") -> bool:
        """Whether a phase trains its parent's adapters further; else they are merged."""
        own, theirs = ((one.rank, one.alpha, frozenset(one.layers)) for one in (self, others))
        return own == theirs


@frozen(kw_only=True)
class Losses:
    """Weights of the cross-entropies, each a mean over its targets."""

    audio_ce: float = setting(
        "weight of the cross-entropy of audio codes, mean over the codebooks",
        default=1.0,
        check=above(0.0),
    )
    text_ce: float = setting(
        "weight of the cross-entropy of the text tokens around the target audio",
        default=0.1,
        check=above(0.0),
    )


# ---- what is generated ----


JUDGED_BY = frozenset[Need]({"text", "voice"})
"""Facts that are known of a clone besides its audio."""


@frozen(kw_only=True)
class Speech(Judged):
    """How clones are generated, for samples, for evaluation and by `cantus clone`."""

    num_clips: int = setting(
        "number of evaluation clips, and of held-out clips of trained speakers, whose text is "
        "generated in their voice before and after training, to measure stop rate, length and "
        "speaker",
        default=8,
        check=at_least(0),
    )
    texts: tuple[str, ...] = setting(
        "texts that are generated besides, in the voice of the longest evaluation reference",
        default=(),
    )
    language: str = setting("language of the texts, for a speech recognizer", default="en")
    temperature: float = setting("sampling temperature", default=1.0, check=above(0.0))
    top_k: int = setting(
        "number of most likely codes that are sampled from; 0: all", default=50, check=at_least(0)
    )
    top_p: float = setting(
        "probability that the most likely codes must reach together; less likely ones are not "
        "sampled (nucleus sampling)",
        default=0.95,
        check=within(0.0, 1.0),
    )
    ras_window: int = setting(
        "repetition-aware sampling: length in columns of the window in which a codebook's code may "
        "occur ras_repeats times before it is drawn again, from all codes; 0: off. The released "
        "model uses 7. Clips are then generated one by one",
        default=0,
        check=at_least(0),
    )
    ras_repeats: int = setting(
        "number of times that a code may occur within ras_window", default=2, check=at_least(1)
    )
    seeds: tuple[int, ...] = setting(
        "random seeds; each clip is generated once with each", default=(1,), check=not_empty
    )
    max_seconds: float = setting(
        "length at which a clip that has not ended by itself is cut off",
        default=20.0,
        check=above(0.0),
    )


_GENERATED = ("eval/generated/", "eval/speech/")


@frozen(kw_only=True)
class Export:
    """Files that are written besides the folder that `transformers` loads."""

    legacy_layout: bool = setting(
        "whether the weights are also written under the names that Higgs Audio v2 had before April "
        "2026, for `boson_multimodal` and programs built on it",
        default=False,
    )


@frozen(kw_only=True)
class CodecLmRecipe(Recipe):
    """A recipe that trains a language model over the delayed codebooks of a codec."""

    turns: ClassVar[tuple[str, ...]] = ("lm",)
    reference_parts: ClassVar[tuple[str, ...]] = ("truth",)
    shown_by = ("speech.samples", "files.export", "data.clip_tables")
    loss_metric = "eval/audio_ce"
    plots = (
        Plot(
            "eval",
            "step",
            "audio_ce",
            "Cross-entropy of audio codes in nats, evaluation set (step 0: initial weights)",
        ),
    )
    metrics: ClassVar[Mapping[str, str]] = {
        "eval/audio_ce": "cross-entropy of the audio codes of the evaluation clips, ends of stream "
        "included, mean over the codebooks, in nats per code; lower is better",
        "eval/text_ce": "cross-entropy of the text tokens around the target audio, in nats per "
        "token; lower is better",
        "eval/loss": "audio_ce and text_ce, summed with the weights of the recipe; lower is better",
        "eval/codebook_<n>/ce": "cross-entropy of the audio codes of codebook n, in nats per code; "
        "lower is better",
        "eval/codebook_<n>/accuracy": "share of the audio codes of codebook n to which the model "
        "gave the highest probability; higher is better",
        "eval/accuracy": "share of the audio codes to which the model gave the highest "
        "probability; higher is better",
        "eval/text_accuracy": "share of the text tokens around the target audio to which the model "
        "gave the highest probability; higher is better",
        "eval/end_ce": "cross-entropy of the ends of stream alone, which end the speech, in nats "
        "per code; lower is better",
        "eval/reference_gain": "increase of audio_ce when each clip is conditioned on the "
        "reference of another speaker, in nats per code; 0: the reference has no effect",
        "eval/text_gain": "increase of audio_ce when each clip is given the text of another clip, "
        "in nats per code; 0: the text has no effect",
        "eval/seen/audio_ce": "audio_ce of held-out clips of trained speakers "
        "(dataset.num_seen_clips), in nats per code; lower is better",
        "eval/seen/reference_gain": "reference_gain of held-out clips of trained speakers, in nats "
        "per code; 0: the reference has no effect",
        "eval/seen/text_gain": "text_gain of held-out clips of trained speakers, in nats per code; "
        "0: the text has no effect",
        "eval/seen/clips": "number of held-out clips of trained speakers",
        "eval/seen/speakers": "number of trained speakers who have held-out clips",
        "eval/generated/stop_rate": "share of generated evaluation clips that ended by themselves "
        "within speech.max_seconds; higher is better",
        "eval/generated/length_ratio": "length of a generated evaluation clip over the length of "
        "its recording, mean over clips; 1 is as long as the recordings",
        "eval/generated/speaker_match": "share of generated evaluation clips whose voice is nearer "
        "to its reference than to a recording of any other evaluation speaker, by long-term "
        "cepstra; higher is better; baseline/chance is guessing, baseline/recordings the "
        "recordings themselves, through the codec",
        "eval/generated/seen_speaker_match": "speaker_match of held-out clips of trained speakers, "
        "among as many of those speakers; higher is better",
        "eval/speech/wer": "word error rate of generated evaluation clips and of speech.texts by a "
        "speech recognizer, mean over clips and seeds; lower is better; needs "
        "speech_evaluation.speech_recogniser in params.toml",
        "eval/speech/cer": "character error rate of generated evaluation clips and of speech.texts "
        "by a speech recognizer, mean over clips and seeds; lower is better; needs "
        "speech_evaluation.speech_recogniser in params.toml",
        "eval/speech/similarity": "cosine similarity between the speaker embeddings of generated "
        "clips and of their references, mean over clips and seeds; higher is better; needs "
        "speech_evaluation.speaker_encoder in params.toml",
        **judged_metrics(JUDGED_BY),
        "eval/clips": "number of evaluation clips",
        "eval/speakers": "number of speakers of the evaluation clips; with dataset.split = "
        "'speaker_disjoint' none of them is trained on",
        "train/accuracy": "share of the audio codes of the training batches to which the model "
        "gave the highest probability; higher is better",
        "train/end_ce": "cross-entropy of the ends of stream of the training batches, in nats per "
        "code; lower is better",
    }

    directions: ClassVar[Mapping[str, Direction]] = {
        "eval/audio_ce": "lowest",
        "eval/text_ce": "lowest",
        "eval/loss": "lowest",
        "eval/codebook_<n>/ce": "lowest",
        "eval/codebook_<n>/accuracy": "highest",
        "eval/accuracy": "highest",
        "eval/text_accuracy": "highest",
        "eval/end_ce": "lowest",
        "eval/seen/audio_ce": "lowest",
        "eval/generated/stop_rate": "highest",
        "eval/generated/speaker_match": "highest",
        "eval/generated/seen_speaker_match": "highest",
        "eval/speech/wer": "lowest",
        "eval/speech/cer": "lowest",
        "eval/speech/similarity": "highest",
        **judged_sides(JUDGED_BY),
    }

    ceilings = ("recordings",)

    default_guards: ClassVar[Mapping[str, Guard]] = {
        "eval/reference_gain": Guard(
            above=0.0, action="warn", because="docs/higgs.md#reference-without-effect"
        ),
        "eval/text_gain": Guard(
            above=0.0, action="warn", because="docs/higgs.md#text-without-effect"
        ),
    }

    dataset: Dataset = setting("which speech is used, and how it is cut")
    codec: Codec = setting("the codec that encodes the speech")
    model: Model = setting("the networks")
    adapters: Adapters | None = setting(
        "adapters that are trained instead of all weights", default=None
    )
    losses: Losses = setting("the weight of each cross-entropy", default=Losses())
    speech: Speech = setting("what is generated", default=Speech(), identity=False)
    export: Export = setting("which files are exported besides", default=Export(), identity=False)

    @property
    def judges(self) -> tuple[str, ...]:
        """The judges that score clones of evaluation clips and of the recipe's texts."""
        return self.speech.judges

    @property
    def models_read(self) -> tuple[str, ...]:
        """The codec that another recipe trains."""
        return () if self.codec.from_ is None else (self.codec.from_,)

    @property
    def reads_hz(self) -> tuple[int, ...]:
        """The sample rate of the codec in Hz."""
        return (self.dataset.sample_rate_hz,)

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Check that published weights go with published files, and other pairs of settings."""
        yield from super().cross_checks()
        if self.start is not None and self.start.weights and isinstance(self.model, Scratch):
            yield (
                "model",
                "kind 'scratch' has sizes of its own, which published weights do not fit: "
                "start.weights needs kind 'published'",
            )
        if self.adapters is not None and self.model.weights != "float32":
            yield "model.weights", "must be 'float32' where there are adapters; leave it out"
        if self.training.ema_decay is not None and self.model.weights != "float32":
            yield (
                "training.ema_decay",
                f"an average of {self.model.weights} weights would never change, as its updates "
                "are rounded away; leave ema_decay out, or set model.weights = 'float32'",
            )
        if self.codec.from_ == self.name:
            yield "codec.from", "must name another recipe, one that trains a codec"
        if self.dataset.max_seconds <= self.dataset.min_seconds:
            yield (
                "dataset.max_seconds",
                f"must be greater than min_seconds, {self.dataset.min_seconds:g}",
            )
        yield from self._of_what_is_generated()

    def _of_what_is_generated(self) -> Iterable[tuple[str, str]]:
        """Check that judges have clones to score, and that guards watch what is evaluated.

        Figures of the clones other than the judges' are measured before and after training.
        """
        speech = self.speech
        number = (speech.num_clips + len(speech.texts)) * len(speech.seeds)
        for fault in judge_faults(speech.judges, JUDGED_BY, number, [speech.language]):
            yield "speech.judges", fault
        watched = {f"guard.{metric}": metric for metric in self.guard}
        for path, metric in {"training.best": self.training.best, **watched}.items():
            if metric.startswith(_GENERATED):
                yield (
                    path,
                    f"{metric} is measured before and after training only; the judges that "
                    "speech.judges names score every evaluation, as eval/judged/...",
                )
        relied = {f"expect.{metric}": metric for metric in self.expect}
        if self.verdict is not None:
            relied["verdict.metric"] = self.verdict.metric
        for path, metric in relied.items():
            if metric.startswith(_GENERATED) and not (self.speech.num_clips or self.speech.texts):
                yield path, f"{metric} is measured on speech.num_clips clips, which is 0"
