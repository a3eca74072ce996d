"""The typed tables of an XTTS recipe, and the metrics it produces. No torch."""

from collections.abc import Iterable, Mapping
from typing import ClassVar, Literal

from attrs import frozen

from engine.recipe.dataset import CorpusClips
from engine.recipe.fields import above, at_least, between, not_empty, setting, within
from engine.recipe.schema import Recipe

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


# ---- the networks ----


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


@frozen(kw_only=True)
class Losses:
    """Weights of the cross-entropies, each a mean over all targets of a batch."""

    mel_ce: float = setting("audio codes", default=1.0, check=above(0.0))
    text_ce: float = setting("text tokens", default=0.01, check=at_least(0.0))


# ---- what is listened to ----


@frozen(kw_only=True)
class Speech:
    """How sentences are spoken: the sampling of Coqui's `Xtts.inference`."""

    sentences: tuple[str, ...] = setting("sentences that are spoken", default=())
    language: str | None = setting("their language; the first of the dataset's", default=None)
    seeds: tuple[int, ...] = setting("each sentence is spoken with each", default=(1,))
    temperature: float = setting("of sampling", default=0.75, check=above(0.0))
    top_k: int = setting("the likeliest so many codes are drawn from", default=50)
    top_p: float = setting("and of these the likeliest of so much probability", default=0.85)
    repetition_penalty: float = setting("on codes that were said", default=10.0, check=above(0.0))


@frozen(kw_only=True)
class XttsRecipe(Recipe):
    """A recipe that trains the GPT of XTTS."""

    turns: ClassVar[tuple[str, ...]] = ("gpt",)
    metrics: ClassVar[Mapping[str, str]] = {
        "eval/mel_ce": "cross-entropy of audio codes, stop codes included, nats a code",
        "eval/text_ce": "cross-entropy of text tokens, STOP included, nats a token: how well the "
        "GPT foretells text, which is no measure of pronunciation",
        "eval/text_ce_weighted": "text_ce times losses.text_ce: what Coqui's trainer logs under "
        "the name of loss_text_ce",
        "eval/loss": "both, weighed as the recipe does",
        "eval/mel_accuracy": "share of audio codes that were thought the likeliest",
        "eval/stop_ce": "cross-entropy of stop codes alone, nats a code: the end of speech",
        "eval/voice_gain": "how much higher mel_ce is where each clip is conditioned on another "
        "one, nats a code: what hearing the voice is worth; 0: it is not heard",
        "eval/codes": "audio codes that the figures are means of, stop codes included",
        "eval/clips": "evaluation clips",
        "train/mel_accuracy": "share of audio codes that were thought the likeliest",
        "train/stop_ce": "cross-entropy of stop codes alone, nats a code",
    }

    dataset: Dataset = setting("which speech, in which languages")
    model: Model = setting("the networks")
    losses: Losses = setting("the weight of each cross-entropy", default=Losses())
    speech: Speech = setting("what is spoken for listening", default=Speech(), identity=False)

    @property
    def loss_weights(self) -> dict[str, float]:
        """The weight of each term that weighs anything."""
        weights = {"mel_ce": self.losses.mel_ce, "text_ce": self.losses.text_ce}
        return {term: weight for term, weight in weights.items() if weight > 0.0}

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Published weights go with published files."""
        yield from super().cross_checks()
        if self.start is not None and self.start.weights and isinstance(self.model, Scratch):
            yield "model", "kind 'scratch' has sizes of its own; start.weights needs 'published'"
        spoken = self.speech.language
        if spoken is not None and spoken not in self.dataset.languages:
            known = ", ".join(self.dataset.languages)
            yield "speech.language", f"the recipe trains {known}, not '{spoken}'"
