"""Results in sentences, each filled from its figures."""

from collections.abc import Iterator

from engine.listening.intervals import Share
from engine.listening.results import Figure, RatedPair, Results, ToldApart
from engine.listening.screening import RULE

_SURE = 0.05


def tell(results: Results) -> list[str]:
    """What is better, what was told apart, who was left out or might be, and what to know."""
    return [
        *(pair_in_words(results, one) for one in results.pairs),
        *(_told_apart(one) for one in results.told_apart),
        *_listeners(results),
        *results.notes,
    ]


def pair_in_words(results: Results, pair: RatedPair) -> str:
    """A difference of two runs on one scale, with its interval."""
    of, against = (results.runs[place].title for place in (pair.of, pair.against))
    figure = pair.figure
    said = figure.difference.sentence(lowest=False, counted=figure.counted)
    return f"{pair.scale}: {of} minus {against} {said}"


def rating_in_words(figure: Figure) -> str:
    """A mean rating and its interval: 7.2 (6.4 to 8.0)."""
    if figure.low is None or figure.high is None:
        return f"{figure.mean:.1f}"
    return f"{figure.mean:.1f} ({figure.low:.1f} to {figure.high:.1f})"


def _told_apart(one: ToldApart) -> str:
    share: Share = one.share
    told = "told apart" if share.p < _SURE else "not shown to be told apart"
    return (
        f"ABX: {one.titles[0]} and {one.titles[1]} are {told}: {share.right} of {share.of} right "
        f"(95 % CI {share.low:.0%} to {share.high:.0%}; by guessing with a chance of {share.p:.2g})"
    )


def _listeners(results: Results) -> Iterator[str]:
    for one in results.listeners:
        if one.against:
            what = "left out" if results.screened else "counted all the same"
            yield f"{one.name}: {'; '.join(one.against)}; {what}"
    if results.left_out:
        yield (
            f"{len(results.left_out)} of {len(results.listeners)} listeners are left out by rule "
            f"({RULE}, and ABX controls)."
        )
