"""How much of an ingested corpus a recipe can use, by its system's own rule."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from engine.corpus.table.manifest import Clip
from engine.evaluation.texts import sentence_key
from engine.recipe.schema import Recipe
from engine.system_support.preset import Amount

_SOME_TEXTS, _FEW_WORDS, _MANY_WORDS = 3, 2, 12

WhyUnusable = Callable[[Recipe, Clip], str | None]


def amount_of(
    recipe: Recipe, clips: Iterable[Clip], why_unusable: WhyUnusable, *, small: bool
) -> Amount:
    """Look at every clip of the recipe's corpus once, holding none."""
    left_out, speakers, languages = Counter[str](), Counter[str](), Counter[str]()
    texts, seconds, used, lower, found = set[int](), 0.0, 0, 0, 0
    some: list[str] = []
    rate = max(recipe.reads_hz, default=0)
    for clip in clips:
        found += 1
        why = why_unusable(recipe, clip)
        if why is not None:
            left_out[why] += 1
            continue
        used, seconds = used + 1, seconds + clip.seconds
        lower += clip.sample_rate_hz < rate
        languages[clip.language or ""] += 1
        speakers.update([clip.speaker] if clip.speaker else [])
        if clip.text:
            new = (key := hash(sentence_key(clip.text))) not in texts
            texts.add(key)
            words = len(clip.text.split())
            if new and len(some) < _SOME_TEXTS and _FEW_WORDS <= words <= _MANY_WORDS:
                some.append(clip.text)
    return Amount(
        corpus=recipe.dataset.corpus,
        num_found=found,
        num_clips=used,
        seconds=seconds,
        speakers=dict(speakers),
        languages=dict(languages),
        num_texts=len(texts),
        some_texts=tuple(some),
        num_lower=lower,
        left_out=dict(left_out.most_common()),
        small=small,
    )


def languages_in(clips: Iterable[Clip]) -> Mapping[str, int]:
    """Clips by the language that they name; '' of those that name none."""
    return Counter(clip.language or "" for clip in clips)
