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

    sample_rate_hz: int = setting("that of the codec", check=within(4_000, 192_000))
    min_seconds: float = setting("shorter clips are left out", default=0.5, check=at_least(0.1))
    max_seconds: float = setting("longer clips are left out", default=20.0, check=above(0.0))
    max_reference_seconds: float = setting(
        "longer clips are no references", default=20.0, check=above(0.0)
    )
    upsampling: Literal["refuse", "allow", "leave_out"] = setting(
        "what becomes of clips recorded at a lower rate: they have nothing above their own band, "
        "and the voice learns that; 'allow' warns",
        default="allow",
    )
    num_seen_clips: int = setting(
        "so many clips of speakers who are trained on, two of a speaker, are held out of training, "
        "and evaluated on beside those of speakers who are not",
        default=32,
        check=at_least(0),
    )
    instruction: str = setting(
        "what the system turn of the chat says", default="Generate audio following instruction."
    )


@frozen(kw_only=True)
class Codec:
    """What makes the codes: the model of another recipe of this project, or a published folder."""

    from_: str | None = setting(
        "recipe whose trained codec is used", default=None, key="from", check=run_name
    )
    folder: str | None = setting(
        "or a folder of a codec that `transformers` loads, by its path in the project",
        default=None,
        check=not_empty,
    )
    num_codebooks: int | None = setting(
        "so many of its codebooks, from the first on; all where it is not given",
        default=None,
        check=within(1, 64),
    )

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """One of the two."""
        if (self.from_ is None) == (self.folder is None):
            yield "", "give exactly one of from, folder"


# ---- the language model ----


@frozen(kw_only=True)
class _Transformer:
    whisper: Literal["none"] = setting(
        "encoder of audio that is understood: the released model has none, its reference voices "
        "are codes",
        default="none",
    )
    max_positions: int = setting(
        "positions that text, reference and target may fill together",
        default=2048,
        check=within(64, 131_072),
    )
    activation_checkpointing: bool = setting(
        "whether layers are computed again in backward, instead of kept",
        default=False,
        identity=False,
    )
    weights: Literal["float32", "bfloat16"] = setting(
        "type in which learned weights are kept; those that adapters stand beside are kept in "
        "training.precision",
        default="float32",
    )


@frozen(kw_only=True)
class Published(_Transformer):
    """Higgs Audio v2 as published: sizes, tokenizer and chat template are files of a folder."""

    kind: ClassVar[str] = "published"
    folder: str = setting(
        "folder with config.json and tokenizer.json, by its path in the project; "
        "`cantus fetch higgs_audio_v2` makes it",
        default="published/higgs_audio_v2",
        check=not_empty,
    )
    new_text_head: bool = setting(
        "whether the text head begins untrained where start.weights have none, which are refused "
        "otherwise: transformers loses it where a model is loaded without use_text_head=True and "
        "saved again",
        default=False,
    )


@frozen(kw_only=True)
class Scratch(_Transformer):
    """A small model of the same classes, with a tokenizer made of the transcripts."""

    kind: ClassVar[str] = "scratch"
    num_layers: int = setting("layers", default=3, check=at_least(1))
    dim: int = setting("width", default=96, check=at_least(16))
    num_heads: int = setting("attention heads", default=4, check=at_least(1))
    num_key_heads: int = setting(
        "heads of keys and values, which attention heads share", default=2, check=at_least(1)
    )
    ffn_dim: int = setting("width of each expert", default=192, check=at_least(16))
    num_text_tokens: int = setting(
        "most entries of the tokenizer, its bytes and marks included",
        default=384,
        check=at_least(280),
    )

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Heads of equal width, an even one, and shared evenly."""
        if self.dim % (2 * self.num_heads):
            yield "num_heads", f"twice it must divide the width of {self.dim}, got {self.num_heads}"
        if self.num_heads % self.num_key_heads:
            yield "num_key_heads", f"must divide num_heads {self.num_heads}"


Model = Published | Scratch

Adapted = Literal["attention", "audio_expert", "text_expert"]


@frozen(kw_only=True)
class Adapters:
    """Low-rank adapters (LoRA; Hu et al., 2021), by peft; all else stays as it is."""

    rank: int = setting("rank of what is added to each weight", default=16, check=at_least(1))
    alpha: float = setting(
        "what is added is scaled by alpha / rank", default=32.0, check=above(0.0)
    )
    dropout: float = setting("of an adapter's input", default=0.0, check=within(0.0, 0.9))
    layers: tuple[Adapted, ...] = setting(
        "linear layers that are adapted", default=("attention", "audio_expert"), check=not_empty
    )

    def go_on_from(self, others: "Adapters") -> bool:
        """Whether a phase goes on with these; otherwise they become part of the weights."""
        own, theirs = ((one.rank, one.alpha, frozenset(one.layers)) for one in (self, others))
        return own == theirs


@frozen(kw_only=True)
class Losses:
    """Weights of the cross-entropies, each a mean over its targets."""

    audio_ce: float = setting("audio codes, mean over the codebooks", default=1.0, check=above(0.0))
    text_ce: float = setting("text tokens around the target audio", default=0.1, check=above(0.0))


# ---- what is generated ----


JUDGED_BY = frozenset[Need]({"text", "voice"})
"""What is known of a clone, besides the audio."""


@frozen(kw_only=True)
class Speech(Judged):
    """How clones are generated, for samples, for evaluation and by `cantus clone`."""

    num_clips: int = setting(
        "evaluation clips, and as many whose speakers are trained on, that are generated before "
        "training and after it, for stop rate, length and speaker",
        default=8,
        check=at_least(0),
    )
    texts: tuple[str, ...] = setting(
        "texts that are spoken besides, in the voice of the longest reference of evaluation",
        default=(),
    )
    language: str = setting("of what is spoken, for a speech recogniser", default="en")
    temperature: float = setting("of sampling", default=1.0, check=above(0.0))
    top_k: int = setting(
        "draw from the likeliest so many codes; 0: all", default=50, check=at_least(0)
    )
    top_p: float = setting(
        "and of these from so much probability", default=0.95, check=within(0.0, 1.0)
    )
    ras_window: int = setting(
        "repetition-aware sampling: an entry that its codebook had `ras_repeats` times in the last "
        "so many columns is drawn again from all; 0: off. The released model has 7. Clips are then "
        "generated one by one",
        default=0,
        check=at_least(0),
    )
    ras_repeats: int = setting("so many times, for ras_window", default=2, check=at_least(1))
    seeds: tuple[int, ...] = setting(
        "each clip is generated with each", default=(1,), check=not_empty
    )
    max_seconds: float = setting(
        "generation that has not ended by itself is cut off", default=20.0, check=above(0.0)
    )


_GENERATED = ("eval/generated/", "eval/speech/")


@frozen(kw_only=True)
class Export:
    """What is written beside the folder that `transformers` loads."""

    legacy_layout: bool = setting(
        "whether the weights are written a second time, by the names of the layout that Higgs "
        "Audio v2 had before April 2026, for `boson_multimodal` and what is built on it",
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
        "eval/audio_ce": "cross-entropy of audio codes, end of stream included, mean over the "
        "codebooks, nats a code",
        "eval/text_ce": "cross-entropy of the text tokens around the target audio, nats a token",
        "eval/loss": "both, weighed as the recipe does",
        "eval/codebook_<n>/ce": "audio_ce of one codebook",
        "eval/codebook_<n>/accuracy": "share of its codes that were the likeliest",
        "eval/accuracy": "share of audio codes that were the likeliest",
        "eval/text_accuracy": "share of these text tokens that were the likeliest",
        "eval/end_ce": "cross-entropy of the ends of stream alone, nats each",
        "eval/reference_gain": "increase of audio_ce when each clip is conditioned on another "
        "speaker's reference, nats a code; 0: the reference has no effect",
        "eval/text_gain": "increase of audio_ce when each clip is given the text of another clip, "
        "nats a code; 0: the text has no effect",
        "eval/seen/audio_ce": "audio_ce of clips whose speakers are trained on, though not with "
        "these clips (dataset.num_seen_clips)",
        "eval/seen/reference_gain": "the reference gain of these",
        "eval/seen/text_gain": "the text gain of these",
        "eval/seen/clips": "such clips",
        "eval/seen/speakers": "speakers of such clips",
        "eval/generated/stop_rate": "share of generated evaluation clips that came to an end of "
        "stream within speech.max_seconds",
        "eval/generated/length_ratio": "frames of a generated evaluation clip over those of the "
        "recording, mean over clips",
        "eval/generated/speaker_match": "share of generated evaluation clips whose voice is nearer "
        "to their reference than to a recording of any other evaluation speaker, by long-term "
        "cepstra; baseline/chance is that of guessing, baseline/recordings that of the clips' own "
        "codes",
        "eval/generated/seen_speaker_match": "the same of clips whose speakers are trained on, "
        "among as many of these speakers",
        "eval/speech/wer": "words of generated evaluation clips and of speech.texts that a speech "
        "recogniser hears otherwise, over their words: the mean over clips and seeds; takes "
        "[speech_evaluation] in params.toml",
        "eval/speech/cer": "the same of characters",
        "eval/speech/similarity": "likeness of the voices of these clips and of their references, "
        "the cosine of a speaker encoder; takes [speech_evaluation] in params.toml",
        **judged_metrics(JUDGED_BY),
        "eval/clips": "evaluation clips",
        "eval/speakers": "speakers of the evaluation clips; with dataset.split = "
        "'speaker_disjoint' none of them is trained on",
        "train/accuracy": "share of audio codes that were the likeliest",
        "train/end_ce": "cross-entropy of the ends of stream alone, nats each",
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

    dataset: Dataset = setting("which speech, cut how")
    codec: Codec = setting("what makes codes of it")
    model: Model = setting("the networks")
    adapters: Adapters | None = setting("what is learned in place of all weights", default=None)
    losses: Losses = setting("the weight of each cross-entropy", default=Losses())
    speech: Speech = setting("what is generated", default=Speech(), identity=False)
    export: Export = setting("what is exported besides", default=Export(), identity=False)

    @property
    def judges(self) -> tuple[str, ...]:
        """Those of the clones of evaluation clips and of the recipe's texts."""
        return self.speech.judges

    @property
    def models_read(self) -> tuple[str, ...]:
        """The codec that another recipe trains."""
        return () if self.codec.from_ is None else (self.codec.from_,)

    @property
    def reads_hz(self) -> tuple[int, ...]:
        """The rate of the codec, in Hz."""
        return (self.dataset.sample_rate_hz,)

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Published weights go with published files, and what is relied on is measured."""
        yield from super().cross_checks()
        if self.start is not None and self.start.weights and isinstance(self.model, Scratch):
            yield "model", "kind 'scratch' has sizes of its own; start.weights needs 'published'"
        if self.adapters is not None and self.model.weights != "float32":
            yield "model.weights", "adapters are kept in float32; leave it out"
        if self.training.ema_decay is not None and self.model.weights != "float32":
            yield (
                "training.ema_decay",
                f"an average of {self.model.weights} weights stays where it began, as its changes "
                "are rounded away; leave it out, or keep model.weights = 'float32'",
            )
        if self.codec.from_ == self.name:
            yield "codec.from", "a recipe cannot make its own codes"
        if self.dataset.max_seconds <= self.dataset.min_seconds:
            yield "dataset.max_seconds", f"must be above min_seconds {self.dataset.min_seconds:g}"
        yield from self._of_what_is_generated()

    def _of_what_is_generated(self) -> Iterable[tuple[str, str]]:
        """Judges have clones; other figures of them, from before and after, can stop nothing."""
        speech = self.speech
        number = (speech.num_clips + len(speech.texts)) * len(speech.seeds)
        for fault in judge_faults(speech.judges, JUDGED_BY, number, [speech.language]):
            yield "speech.judges", fault
        watched = {f"guard.{metric}": metric for metric in self.guard}
        for path, metric in {"training.best": self.training.best, **watched}.items():
            if metric.startswith(_GENERATED):
                yield (
                    path,
                    f"{metric} is measured before training and after it alone; what speech.judges "
                    "names is measured at every evaluation, as eval/judged/...",
                )
        relied = {f"expect.{metric}": metric for metric in self.expect}
        if self.verdict is not None:
            relied["verdict.metric"] = self.verdict.metric
        for path, metric in relied.items():
            if metric.startswith(_GENERATED) and not (self.speech.num_clips or self.speech.texts):
                yield path, f"{metric} takes speech.num_clips, which is 0"
