"""Screening of listeners: those who miss the hidden reference, or fail easy controls.

ITU-R BS.1534-3, section 4.1.2: an assessor is left out who rates the hidden reference below 90 of
100 in more than 15 % of the test items, or the anchor above 90 in more than 15 % of them. Of scales
from 1 to 10, 90 of 100 is 9. Here listeners are named by that rule, and left out only when asked.
"""

from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

from engine.listening.answers import ABX, Answers
from engine.listening.listening_test import ANCHOR, REFERENCE, ListeningTest

RULE = "ITU-R BS.1534-3, 4.1.2"
_GOOD = 9
_MOST_ITEMS = 0.15
_LEAST_CONTROLS = 0.75


@frozen
class Listener:
    """A listener, their number of answers, and objections to these."""

    id: str
    name: str
    num_answers: int
    against: tuple[str, ...]
    """Reasons to leave the listener out, in words."""


def judge_listeners(test: ListeningTest, answers: Answers) -> list[Listener]:
    """Every listener, in the order in which they began."""
    names = answers.names()
    return [
        Listener(
            id=listener,
            name=name,
            num_answers=sum(one.listener == listener for one in answers.all),
            against=tuple(_against(test, answers, listener)),
        )
        for listener, name in names.items()
    ]


def _against(test: ListeningTest, answers: Answers, listener: str) -> Iterator[str]:
    scale = test.screening_scale
    rated = {
        (one.trial, one.stimulus): int(one.value)
        for one in answers.all
        if one.listener == listener and one.scale == scale
    }
    references, anchors = _of(test, rated, REFERENCE), _of(test, rated, ANCHOR)
    low = sum(value < _GOOD for value in references)
    if low > _MOST_ITEMS * len(references):
        yield f"the hidden reference below {_GOOD} in {low} of {len(references)} clips ({RULE})"
    high = sum(value > _GOOD for value in anchors)
    if high > _MOST_ITEMS * len(anchors):
        yield f"the anchor above {_GOOD} in {high} of {len(anchors)} clips ({RULE})"
    controls = list(_controls(test, answers, listener))
    if sum(controls) < _LEAST_CONTROLS * len(controls):
        yield (
            f"{sum(controls)} of {len(controls)} ABX controls right (the reference against the "
            f"anchor; three quarters are required)"
        )


def _of(test: ListeningTest, rated: Mapping[tuple[str, str], int], source: str) -> Sequence[int]:
    return [
        rated[trial.id, file]
        for trial in test.ratings
        for file, of in trial.stimuli.items()
        if of == source and (trial.id, file) in rated
    ]


def _controls(test: ListeningTest, answers: Answers, listener: str) -> Iterator[bool]:
    controls = {one.id: one for one in test.comparisons if one.is_control}
    for one in answers.all:
        if one.listener == listener and one.scale == ABX and one.trial in controls:
            yield controls[one.trial].x[one.stimulus] == one.value
