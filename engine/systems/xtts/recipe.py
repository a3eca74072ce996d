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
"""Sample rate of the audio that is encoded to the GPT's codes."""
MOST_TEXT_TOKENS = 402
"""Number of text tokens that the GPT has positions for, without START and STOP."""

# ---- the audio and its transcripts ----


def _range(value: tuple[float, float]) -> str | None:
    return None if 0 < value[0] <= value[1] else "must be two lengths above 0, the shorter first"


@frozen(kw_only=True)
class Dataset(CorpusClips):
    """Whole utterances with their transcripts, and excerpts of a speaker to condition on."""

    languages: tuple[str, ...] = setting(
        "languages whose clips are used, by their codes ('hu')", check=not_empty
    )
    language: str | None = setting(
        "language of the clips that name none; without it they are left out", default=None
    )
    min_seconds: float = setting(
        "shorter clips are left out; the conditioning encoder needs at least 0.33 s",
        default=0.5,
        check=at_least(0.34),
    )
    max_seconds: float = setting(
        "longer clips are left out; the GPT has positions for 28 s",
        default=11.6,
        check=between(0.0, 28.0),
    )
    max_text_tokens: int = setting(
        "clips whose transcript has more tokens are left out",
        default=200,
        check=within(1, MOST_TEXT_TOKENS),
    )
    conditioning: Literal["same_clip", "same_speaker"] = setting(
        "whether a clip is conditioned on an excerpt of itself or, as in synthesis, on an excerpt "
        "of another clip of its speaker (a speaker's only clip is conditioned on itself)",
        default="same_clip",
    )
    conditioning_seconds: tuple[float, float] = setting(
        "shortest and longest conditioning excerpt; in evaluation it is the first seconds of the "
        "clip, as many as the mean of the two",
        default=(3.0, 6.0),
        check=_range,
    )
    upsampling: Literal["refuse", "allow", "leave_out"] = setting(
        "what happens to clips recorded at a lower sample rate: they hold nothing above their own "
        "band, and a model trained on them generates nothing there; 'allow' warns",
        default="allow",
    )


# ---- the networks ----


@frozen(kw_only=True)
class NewLanguage:
    """A language that the published vocabulary lacks: tokens learned from the transcripts."""

    language: str = setting("code of the language ('te')", check=not_empty)
    num_tokens: int = setting(
        "number of tokens that are added: the language's own token, the missing letters, and "
        "frequent sequences of letters; 2,000 are reported to work",
        default=2000,
        check=at_least(1),
    )


@frozen(kw_only=True)
class Published:
    """XTTS v2 as published: sizes, vocabulary, DVAE and mel statistics come from a folder."""

    kind: ClassVar[str] = "published"
    folder: str = setting(
        "folder with config.json, vocab.json, dvae.pth and mel_stats.pth, by its path in the "
        "project; `cantus fetch xtts_v2` makes it",
        default="published/xtts_v2",
        check=not_empty,
    )
    dropout: float = setting("dropout of the transformer", default=0.1, check=within(0.0, 0.9))
    new_language: NewLanguage | None = setting(
        "a language by which the published vocabulary is extended", default=None
    )


@frozen(kw_only=True)
class Scratch:
    """A small GPT of the same classes; audio codes and vocabulary are fitted to the corpus."""

    kind: ClassVar[str] = "scratch"
    num_layers: int = setting("number of transformer layers", default=4, check=at_least(1))
    dim: int = setting("width of the transformer", default=128, check=at_least(16))
    num_heads: int = setting("number of attention heads", default=4, check=at_least(1))
    num_codes: int = setting(
        "number of audio codes: centroids of mel spectrograms, by k-means",
        default=256,
        check=within(2, 8192),
    )
    num_merges: int = setting(
        "number of tokens of several letters, learned from the transcripts by byte-pair encoding; "
        "0: letters alone",
        default=0,
        check=at_least(0),
    )
    dropout: float = setting("dropout of the transformer", default=0.1, check=within(0.0, 0.9))

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Check that all heads are equally wide."""
        if self.dim % self.num_heads:
            yield "num_heads", f"must divide the width of {self.dim}, got {self.num_heads}"


Model = Published | Scratch


# ---- which parameters are trained: all of them, where neither table is given ----

Part = Literal[
    "conditioning",
    "text_embedding",
    "text_head",
    "audio_embedding",
    "audio_head",
    "transformer",
]
"""Parts of the GPT; an embedding covers tokens and positions."""
Layer = Literal["attention.in", "attention.out", "feed_forward.in", "feed_forward.out"]
"""Linear layers of a transformer's block. Upstream: attn.c_attn and c_proj, mlp.c_fc and c_proj."""


@frozen(kw_only=True)
class Freeze:
    """Parts of the GPT that are frozen; the other parts are trained."""

    parts: tuple[Part, ...] = setting("parts that are frozen", default=())
    layers: int = setting(
        "number of the transformer's lowest layers that are frozen", default=0, check=at_least(0)
    )

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Check that something is frozen, and something is not."""
        if not self.parts and not self.layers:
            yield "", "nothing is frozen: give parts, layers or both, or leave the table out"
        if set(self.parts) == set(get_args(Part)):
            yield "parts", "every part is frozen, and nothing is left to train; leave some out"
        if self.layers and "transformer" in self.parts:
            yield "layers", "the whole transformer is frozen by parts; remove one of the two"


@frozen(kw_only=True)
class Adapters:
    """Low-rank adapters (LoRA; Hu et al., 2021) of the transformer; all other weights are frozen.

    A learning rate of about 1e-4 suits adapters, where the whole GPT needs 1e-6. Exported weights
    have the adapters merged.
    """

    rank: int = setting("rank of the update of each weight", default=16, check=at_least(1))
    alpha: float = setting("the update is scaled by alpha / rank", default=16.0, check=above(0.0))
    dropout: float = setting("dropout of an adapter's input", default=0.0, check=within(0.0, 0.9))
    layers: tuple[Layer, ...] = setting(
        "linear layers of each block that are adapted", default=get_args(Layer), check=not_empty
    )
    also: tuple[Part, ...] = setting(
        "parts that are trained besides the adapters, in full: new tokens need text_embedding and "
        "text_head",
        default=(),
    )

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Check that no part is both adapted and trained in full."""
        if "transformer" in self.also:
            yield (
                "also",
                "adapters replace the training of the whole transformer; remove 'transformer' "
                "here, or the table of adapters",
            )


@frozen(kw_only=True)
class Losses:
    """Weights of the cross-entropies, each a mean over all targets of a batch."""

    mel_ce: float = setting(
        "weight of the cross-entropy of audio codes", default=1.0, check=above(0.0)
    )
    text_ce: float = setting(
        "weight of the cross-entropy of text tokens", default=0.01, check=at_least(0.0)
    )


# ---- what is synthesized for listening ----


JUDGED_BY = frozenset[Need]({"text", "voice"})
"""Facts that are known of a synthesized sentence besides its audio."""


@frozen(kw_only=True)
class Speech(Judged):
    """How test sentences are synthesized, with the sampling of Coqui's `Xtts.inference`."""

    sentences: tuple[str, ...] = setting("sentences that are synthesized", default=())
    language: str | None = setting(
        "language of the sentences; the first of dataset.languages where it is not given",
        default=None,
    )
    seeds: tuple[int, ...] = setting(
        "random seeds; each sentence is synthesized once with each", default=(1,), check=not_empty
    )
    temperature: float = setting("sampling temperature", default=0.75, check=above(0.0))
    top_k: int = setting(
        "number of most likely codes that are sampled from; 0: all", default=50, check=at_least(0)
    )
    top_p: float = setting(
        "probability that the most likely codes must reach together; less likely ones are not "
        "sampled (nucleus sampling)",
        default=0.85,
        check=within(0.0, 1.0),
    )
    repetition_penalty: float = setting(
        "factor by which the score of a code that occurred already is reduced",
        default=10.0,
        check=above(0.0),
    )


_MUST_LEARN = "the new language's tokens must be trained"


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
        "eval/mel_ce": "cross-entropy of the audio codes of the evaluation clips, stop codes "
        "included, in nats per code; lower is better",
        "eval/text_ce": "cross-entropy of the text tokens of the evaluation clips, STOP included, "
        "in nats per token: how well the GPT predicts text, which does not measure pronunciation; "
        "lower is better",
        "eval/text_ce_weighted": "text_ce times losses.text_ce, in nats per token: the value that "
        "Coqui's trainer logs as loss_text_ce; lower is better",
        "eval/loss": "mel_ce and text_ce, summed with the weights of the recipe; lower is better",
        "eval/mel_accuracy": "share of the audio codes to which the GPT gave the highest "
        "probability; higher is better",
        "eval/stop_ce": "cross-entropy of the stop codes alone, which end the speech, in nats per "
        "code; lower is better",
        "eval/mel_ce_increase_wrong_voice": "increase of mel_ce when each clip is conditioned on a "
        "clip of another speaker, in nats per code; 0: the voice has no effect",
        "eval/mel_ce_increase_wrong_text": "increase of mel_ce when each clip is given the text of "
        "another clip, in nats per code; 0: the text has no effect",
        "eval/speech/wer": "word error rate of the synthesized test sentences by a speech "
        "recognizer, mean over sentences and seeds; lower is better; needs "
        "speech_evaluation.speech_recogniser in params.toml",
        "eval/speech/cer": "character error rate of the synthesized test sentences by a speech "
        "recognizer, mean over sentences and seeds; lower is better; needs "
        "speech_evaluation.speech_recogniser in params.toml",
        "eval/speech/similarity": "cosine similarity between the speaker embeddings of the test "
        "sentences and of the clip they are conditioned on; higher is better; needs "
        "speech_evaluation.speaker_encoder in params.toml",
        "eval/speech/odd": "share of the test sentences whose audio is far too short or too long "
        "for its text, or longer than any training clip; lower is better",
        "eval/speech/unfinished": "share of the test sentences that the GPT did not end by "
        "itself and that were cut off; lower is better",
        "eval/speech/seconds": "mean length of the synthesized test sentences, in seconds",
        **judged_metrics(JUDGED_BY),
        "eval/codes": "number of audio codes in the evaluation set, stop codes included",
        "eval/clips": "number of evaluation clips",
        "train/mel_accuracy": "share of the audio codes of the training batches to which the GPT "
        "gave the highest probability; higher is better",
        "train/stop_ce": "cross-entropy of the stop codes of the training batches, in nats per "
        "code; lower is better",
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

    dataset: Dataset = setting("which speech is used, in which languages")
    model: Model = setting("the networks")
    freeze: Freeze | None = setting("parts of the networks that are frozen", default=None)
    adapters: Adapters | None = setting(
        "adapters that are trained instead of the networks", default=None
    )
    losses: Losses = setting("the weight of each cross-entropy", default=Losses())
    speech: Speech = setting("what is synthesized for listening", default=Speech(), identity=False)

    @property
    def reads_hz(self) -> tuple[int, ...]:
        """The sample rate of the GPT's audio in Hz."""
        return (SAMPLE_RATE_HZ,)

    @property
    def judges(self) -> tuple[str, ...]:
        """The judges that score the test sentences at every evaluation."""
        return self.speech.judges

    @property
    def loss_weights(self) -> dict[str, float]:
        """The weight of each loss term whose weight is above 0."""
        weights = {"mel_ce": self.losses.mel_ce, "text_ce": self.losses.text_ce}
        return {term: weight for term, weight in weights.items() if weight > 0.0}

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Check that published weights go with published files, and that new tokens are trained."""
        yield from super().cross_checks()
        if self.start is not None and self.start.weights and isinstance(self.model, Scratch):
            yield (
                "model",
                "kind 'scratch' has sizes of its own, which published weights do not fit: "
                "start.weights needs kind 'published'",
            )
        if self.freeze is not None and self.adapters is not None:
            yield (
                "freeze",
                "adapters freeze everything else already: remove this table, and name the parts "
                "that are to be trained in full in adapters.also",
            )
        if isinstance(self.model, Published) and self.model.new_language is not None:
            yield from self._of_new_language(self.model.new_language.language)
        yield from self._of_speech()

    def _of_speech(self) -> Iterable[tuple[str, str]]:
        """Check that judges have sentences to score, and that guards watch what is evaluated.

        Figures of the sentences other than the judges' are measured before and after training.
        """
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
                    f"{metric} is measured before and after training only; the judges that "
                    "speech.judges names score every evaluation, as eval/judged/...",
                )
        relied = {f"expect.{metric}": metric for metric in self.expect}
        if self.verdict is not None:
            relied["verdict.metric"] = self.verdict.metric
        for path, metric in relied.items():
            if metric.startswith("eval/speech/") and not self.speech.sentences:
                yield path, f"{metric} is measured on speech.sentences, which is empty"
        if spoken is not None and spoken not in self.dataset.languages:
            known = ", ".join(self.dataset.languages)
            yield (
                "speech.language",
                f"'{spoken}' is not one of dataset.languages, which are {known}",
            )

    def _of_new_language(self, language: str) -> Iterable[tuple[str, str]]:
        if language not in self.dataset.languages:
            known = ", ".join(self.dataset.languages)
            yield (
                "model.new_language",
                f"'{language}' is not one of dataset.languages, which are {known}",
            )
        if self.start is None or not self.start.weights:  # the parent has trained the tokens
            return
        tables = {"text_embedding", "text_head"}
        if self.freeze is not None and (held := tables.intersection(self.freeze.parts)):
            yield "freeze.parts", f"{_MUST_LEARN}; leave out {', '.join(sorted(held))}"
        if self.adapters is not None and (missing := tables.difference(self.adapters.also)):
            yield "adapters.also", f"{_MUST_LEARN}; add {', '.join(sorted(missing))}"
