"""The typed tables of an XTTS recipe, and the metrics it produces. No torch."""

from collections.abc import Iterable, Mapping
from typing import ClassVar, Literal, get_args

from attrs import frozen

from engine.recipe.dataset import CorpusClips
from engine.recipe.fields import above, at_least, between, not_empty, setting, within
from engine.recipe.judged import Judged, judge_faults, judged_metrics, judged_sides
from engine.recipe.judgement import Guard, guards_on
from engine.recipe.judges import Need
from engine.recipe.schema import Plot, Recipe
from engine.recipe.training import Direction

SAMPLE_RATE_HZ = 22_050
"""Of the audio that the GPT's codes are made of."""
MOST_TEXT_TOKENS = 402
"""That the GPT has positions for, without START and STOP."""

# ---- the audio and its transcripts ----


def _range(value: tuple[float, float]) -> str | None:
    return None if 0 < value[0] <= value[1] else "must be two lengths above 0, the shorter first"


@frozen(kw_only=True)
class Dataset(CorpusClips):
    """Whole utterances with their transcripts, and excerpts of a voice to condition on."""

    languages: tuple[str, ...] = setting(
        "languages whose clips are used, by their codes ('hu')", check=not_empty
    )
    language: str | None = setting(
        "language of the clips that name none; without it they are left out", default=None
    )
    min_seconds: float = setting(
        "shorter clips are left out; a voice takes 0.33 s to be heard",
        default=0.5,
        check=at_least(0.34),
    )
    max_seconds: float = setting(
        "longer clips are left out; the GPT holds 28 s", default=11.6, check=between(0.0, 28.0)
    )
    max_text_tokens: int = setting(
        "clips whose transcript has more tokens are left out",
        default=200,
        check=within(1, MOST_TEXT_TOKENS),
    )
    conditioning: Literal["same_clip", "same_speaker"] = setting(
        "whether the voice is heard in an excerpt of the clip itself, or of another clip of its "
        "speaker, as where speech is made (a speaker's only clip conditions on itself)",
        default="same_clip",
    )
    conditioning_seconds: tuple[float, float] = setting(
        "shortest and longest excerpt; evaluation hears the first seconds, as many as their mean",
        default=(3.0, 6.0),
        check=_range,
    )
    upsampling: Literal["refuse", "allow", "leave_out"] = setting(
        "what becomes of clips recorded at a lower rate: they have nothing above their own band, "
        "and the voice learns that; 'allow' warns",
        default="allow",
    )


# ---- the networks ----


@frozen(kw_only=True)
class NewLanguage:
    """A language that the published vocabulary lacks: tokens made of the corpus's transcripts."""

    language: str = setting("its code ('te')", check=not_empty)
    num_tokens: int = setting(
        "tokens that are added: its own, the letters that are missing, and what is often said; "
        "2,000 are reported to work",
        default=2000,
        check=at_least(1),
    )


@frozen(kw_only=True)
class Published:
    """XTTS v2 as published: sizes, vocabulary, DVAE and mel statistics are files of a folder."""

    kind: ClassVar[str] = "published"
    folder: str = setting(
        "folder with config.json, vocab.json, dvae.pth and mel_stats.pth, by its path in the "
        "project; `cantus fetch xtts_v2` makes it",
        default="published/xtts_v2",
        check=not_empty,
    )
    dropout: float = setting("of the transformer", default=0.1, check=within(0.0, 0.9))
    new_language: NewLanguage | None = setting(
        "a language that the published vocabulary is extended by", default=None
    )


@frozen(kw_only=True)
class Scratch:
    """A small GPT of the same classes, with audio codes and a vocabulary made of the corpus."""

    kind: ClassVar[str] = "scratch"
    num_layers: int = setting("transformer layers", default=4, check=at_least(1))
    dim: int = setting("width", default=128, check=at_least(16))
    num_heads: int = setting("attention heads", default=4, check=at_least(1))
    num_codes: int = setting(
        "audio codes, centroids of mel spectrograms by k-means", default=256, check=within(2, 8192)
    )
    num_merges: int = setting(
        "tokens of several letters, learned from the transcripts; 0: letters alone",
        default=0,
        check=at_least(0),
    )
    dropout: float = setting("of the transformer", default=0.1, check=within(0.0, 0.9))

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Heads of equal width."""
        if self.dim % self.num_heads:
            yield "num_heads", f"must divide the width of {self.dim}, got {self.num_heads}"


Model = Published | Scratch


# ---- what of the networks is learned: all of it, where neither table is given ----

Part = Literal[
    "conditioning",
    "text_embedding",
    "text_head",
    "audio_embedding",
    "audio_head",
    "transformer",
]
"""Parts of the GPT; an embedding is one of tokens and of positions."""
Layer = Literal["attention.in", "attention.out", "feed_forward.in", "feed_forward.out"]
"""Linear layers of a transformer's block. Upstream: attn.c_attn and c_proj, mlp.c_fc and c_proj."""


@frozen(kw_only=True)
class Freeze:
    """Parts of the GPT that stay as they are; the others are learned."""

    parts: tuple[Part, ...] = setting("parts that stay as they are", default=())
    layers: int = setting(
        "the transformer's lowest layers that stay as they are", default=0, check=at_least(0)
    )

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Something is frozen, and something is not."""
        if not self.parts and not self.layers:
            yield "", "nothing is frozen: give parts, layers or both, or leave the table out"
        if set(self.parts) == set(get_args(Part)):
            yield "parts", "everything is frozen, and nothing is left to learn; leave some out"
        if self.layers and "transformer" in self.parts:
            yield "layers", "the whole transformer is frozen by parts; remove one of the two"


@frozen(kw_only=True)
class Adapters:
    """Low-rank adapters (LoRA; Hu et al., 2021) of the transformer; all else stays as it is.

    A rate of 1e-4 or so suits them, where the whole GPT takes 1e-6. Exports hold them merged.
    """

    rank: int = setting("rank of what is added to each weight", default=16, check=at_least(1))
    alpha: float = setting(
        "what is added is scaled by alpha / rank", default=16.0, check=above(0.0)
    )
    dropout: float = setting("of what adapters hear", default=0.0, check=within(0.0, 0.9))
    layers: tuple[Layer, ...] = setting(
        "linear layers of each block that are adapted", default=get_args(Layer), check=not_empty
    )
    also: tuple[Part, ...] = setting(
        "parts that are learned besides, as a whole: new tokens need text_embedding and text_head",
        default=(),
    )

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """What is adapted is not learned as a whole."""
        if "transformer" in self.also:
            yield "also", "adapters stand in for learning the transformer; leave one of the two out"


@frozen(kw_only=True)
class Losses:
    """Weights of the cross-entropies, each a mean over all targets of a batch."""

    mel_ce: float = setting("audio codes", default=1.0, check=above(0.0))
    text_ce: float = setting("text tokens", default=0.01, check=at_least(0.0))


# ---- what is listened to ----


JUDGED_BY = frozenset[Need]({"text", "voice"})
"""What is known of a sentence that is spoken, besides the audio."""


@frozen(kw_only=True)
class Speech(Judged):
    """How sentences are spoken: the sampling of Coqui's `Xtts.inference`."""

    sentences: tuple[str, ...] = setting("sentences that are spoken", default=())
    language: str | None = setting("their language; the first of the dataset's", default=None)
    seeds: tuple[int, ...] = setting(
        "each sentence is spoken with each", default=(1,), check=not_empty
    )
    temperature: float = setting("of sampling", default=0.75, check=above(0.0))
    top_k: int = setting(
        "the likeliest so many codes are drawn from; 0: all", default=50, check=at_least(0)
    )
    top_p: float = setting(
        "and of these the likeliest of so much probability", default=0.85, check=within(0.0, 1.0)
    )
    repetition_penalty: float = setting("on codes that were said", default=10.0, check=above(0.0))


_MUST_LEARN = "the new language's tokens have to be learned"


@frozen(kw_only=True)
class XttsRecipe(Recipe):
    """A recipe that trains the GPT of XTTS."""

    turns: ClassVar[tuple[str, ...]] = ("gpt",)
    shown_by = ("speech.samples", "files.export", "data.clip_tables")
    loss_metric = "eval/mel_ce"
    plots = (
        Plot(
            "eval",
            "step",
            "mel_ce",
            "Cross-entropy of audio codes in nats, evaluation set (step 0: initial weights)",
        ),
    )
    metrics: ClassVar[Mapping[str, str]] = {
        "eval/mel_ce": "cross-entropy of audio codes, stop codes included, nats a code",
        "eval/text_ce": "cross-entropy of text tokens, STOP included, nats a token: how well the "
        "GPT foretells text, which is no measure of pronunciation",
        "eval/text_ce_weighted": "text_ce times losses.text_ce: what Coqui's trainer logs under "
        "the name of loss_text_ce",
        "eval/loss": "both, weighed as the recipe does",
        "eval/mel_accuracy": "share of audio codes that were thought the likeliest",
        "eval/stop_ce": "cross-entropy of stop codes alone, nats a code: the end of speech",
        "eval/mel_ce_increase_wrong_voice": "increase of mel_ce when each clip is conditioned on "
        "another speaker's clip, nats a code; 0: the voice has no effect",
        "eval/mel_ce_increase_wrong_text": "increase of mel_ce when each clip is given the text of "
        "another clip, nats a code; 0: the text has no effect",
        "eval/speech/wer": "words of the test sentences that a speech recogniser hears otherwise, "
        "over their words: the mean over sentences and seeds; takes [speech_evaluation] in "
        "params.toml",
        "eval/speech/cer": "the same of characters",
        "eval/speech/similarity": "likeness of the voice in the test sentences and of the clip "
        "that lends it, the cosine of a speaker encoder; takes [speech_evaluation] in params.toml",
        "eval/speech/odd": "share of the test sentences that are far too short or too long for "
        "their text, or longer than any training clip",
        "eval/speech/unfinished": "share of the test sentences that were cut off, since they did "
        "not come to an end by themselves",
        "eval/speech/seconds": "mean length of the test sentences",
        **judged_metrics(JUDGED_BY),
        "eval/codes": "audio codes that the figures are means of, stop codes included",
        "eval/clips": "evaluation clips",
        "train/mel_accuracy": "share of audio codes that were thought the likeliest",
        "train/stop_ce": "cross-entropy of stop codes alone, nats a code",
    }

    directions: ClassVar[Mapping[str, Direction]] = {
        "eval/mel_ce": "lowest",
        "eval/text_ce": "lowest",
        "eval/text_ce_weighted": "lowest",
        "eval/loss": "lowest",
        "eval/mel_accuracy": "highest",
        "eval/stop_ce": "lowest",
        "eval/speech/wer": "lowest",
        "eval/speech/cer": "lowest",
        "eval/speech/similarity": "highest",
        **judged_sides(JUDGED_BY),
        "eval/speech/odd": "lowest",
        "eval/speech/unfinished": "lowest",
    }

    default_guards: ClassVar[Mapping[str, Guard]] = {
        "eval/mel_ce_increase_wrong_voice": Guard(
            above=0.0,
            action="warn",
            because="docs/xtts.md#voice-without-effect",
        ),
        "eval/mel_ce_increase_wrong_text": Guard(
            above=0.0,
            action="warn",
            because="docs/xtts.md#text-without-effect",
        ),
    }

    dataset: Dataset = setting("which speech, in which languages")
    model: Model = setting("the networks")
    freeze: Freeze | None = setting("what of them stays as it is", default=None)
    adapters: Adapters | None = setting("or what is learned in their place", default=None)
    losses: Losses = setting("the weight of each cross-entropy", default=Losses())
    speech: Speech = setting("what is spoken for listening", default=Speech(), identity=False)

    @property
    def reads_hz(self) -> tuple[int, ...]:
        """The one rate that XTTS hears, in Hz."""
        return (SAMPLE_RATE_HZ,)

    @property
    def judges(self) -> tuple[str, ...]:
        """Those of the sentences."""
        return self.speech.judges

    @property
    def loss_weights(self) -> dict[str, float]:
        """The weight of each term that weighs anything."""
        weights = {"mel_ce": self.losses.mel_ce, "text_ce": self.losses.text_ce}
        return {term: weight for term, weight in weights.items() if weight > 0.0}

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Published weights go with published files, and new tokens are learned."""
        yield from super().cross_checks()
        if self.start is not None and self.start.weights and isinstance(self.model, Scratch):
            yield "model", "kind 'scratch' has sizes of its own; start.weights needs 'published'"
        if self.freeze is not None and self.adapters is not None:
            yield "freeze", "with adapters all else stays as it is; name adapters.also instead"
        if isinstance(self.model, Published) and self.model.new_language is not None:
            yield from self._of_new_language(self.model.new_language.language)
        yield from self._of_speech()

    def _of_speech(self) -> Iterable[tuple[str, str]]:
        """Judges have sentences; other figures of them, from before and after, can stop nothing."""
        number, spoken = len(self.speech.sentences) * len(self.speech.seeds), self.speech.language
        language = [spoken or self.dataset.languages[0]] if self.dataset.languages else []
        for fault in judge_faults(self.speech.judges, JUDGED_BY, number, language):
            yield "speech.judges", fault
        watched = {f"guard.{metric}": metric for metric in self.guard}
        watched |= {
            f"guard.{on.metric}.gap": on.guard.gap
            for on in guards_on(self.guard)
            if on.guard.gap is not None
        }
        for path, metric in {"training.best": self.training.best, **watched}.items():
            if metric.startswith("eval/speech/"):
                yield (
                    path,
                    f"{metric} is measured before training and after it alone; what speech.judges "
                    "names is measured at every evaluation, as eval/judged/...",
                )
        relied = {f"expect.{metric}": metric for metric in self.expect}
        if self.verdict is not None:
            relied["verdict.metric"] = self.verdict.metric
        for path, metric in relied.items():
            if metric.startswith("eval/speech/") and not self.speech.sentences:
                yield path, f"{metric} takes speech.sentences, and there are none"
        if spoken is not None and spoken not in self.dataset.languages:
            known = ", ".join(self.dataset.languages)
            yield "speech.language", f"the recipe trains {known}, not '{spoken}'"

    def _of_new_language(self, language: str) -> Iterable[tuple[str, str]]:
        if language not in self.dataset.languages:
            known = ", ".join(self.dataset.languages)
            yield "model.new_language", f"the recipe trains {known}, not '{language}'"
        if self.start is None or not self.start.weights:  # else a parent has learned the tokens
            return
        tables = {"text_embedding", "text_head"}
        if self.freeze is not None and (held := tables.intersection(self.freeze.parts)):
            yield "freeze.parts", f"{_MUST_LEARN}; leave out {', '.join(sorted(held))}"
        if self.adapters is not None and (missing := tables.difference(self.adapters.also)):
            yield "adapters.also", f"{_MUST_LEARN}; add {', '.join(sorted(missing))}"
