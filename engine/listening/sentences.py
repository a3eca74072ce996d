"""Results in sentences, each filled from its figures."""

from collections.abc import Iterator

from engine.listening.intervals import Share
from engine.listening.results import Distinguished, Figure, RatedPair, Results
from engine.listening.screening import RULE

_SURE = 0.05


def results_in_words(results: Results) -> list[str]:
    """Sentences on ratings, distinguished pairs, left-out listeners, and notes."""
    return [
        *(pair_in_words(results, one) for one in results.pairs),
        *(_distinguished(one) for one in results.told_apart),
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


def _distinguished(one: Distinguished) -> str:
    share: Share = one.share
    word = "distinguished" if share.p < _SURE else "not shown to be distinguished"
    return (
        f"ABX: {one.titles[0]} and {one.titles[1]} are {word}: {share.right} of {share.of} right "
        f"(95 % CI {share.low:.0%} to {share.high:.0%}; probability by guessing {share.p:.2g})"
    )


def _listeners(results: Results) -> Iterator[str]:
    for one in results.listeners:
        if one.against:
            what = "left out" if results.screened else "still counted"
            yield f"{one.name}: {'; '.join(one.against)}; {what}"
    if results.left_out:
        yield (
            f"{len(results.left_out)} of {len(results.listeners)} listeners are left out by rule "
            f"({RULE}, and ABX controls)."
        )
