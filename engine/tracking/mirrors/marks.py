"""Names of metrics in trackers, which carry how they were measured: `mel_ce [3f2a91bc]`.

A tracker draws figures of one name on one axis. The eight digits differ where the evaluation clips
or the unit do, so that such figures never share one. Figures of training have the digits of the
evaluation's metric of the same name, beside which they are drawn.
"""

from collections.abc import Mapping

from attrs import define, field

from engine.evaluation.unit_facts import described
from engine.files.checksum import digest_of
from engine.tracking.comparable import short_digest
from engine.tracking.events import Event

_EVALUATED = ("eval/", "untrained/", "parent/")


@define
class Marks:
    """What the events of a run have said so far."""

    identity: str
    """Marks figures of an older Cantus, which does not say how they were measured."""
    found: dict[str, str] = field(init=False, factory=dict)
    """The mark of each metric of the evaluation, by its name without prefix."""
    _clips: str = field(init=False, default="")
    _words: dict[str, str] = field(init=False, factory=dict)

    def take_in(self, event: Event) -> None:
        """Take in the units that an event names. Damaged ones count as not known."""
        scales, units = event.facts.get("scales"), event.facts.get("units")
        self._clips = str(event.facts.get("evaluation_set") or self._clips)
        known = scales if isinstance(scales, Mapping) else {}
        for name in event.metrics:
            if name.startswith(_EVALUATED):
                short = name.partition("/")[2]
                self.found[short] = self._mark(known.get(short))
        for name, digest in known.items():
            self._words |= _said(self.found.get(name), digest, units)

    @property
    def in_words(self) -> Mapping[str, str]:
        """What marks stand for, as far as events say it."""
        return self._words

    def _mark(self, digest: object) -> str:
        if not isinstance(digest, str):
            return f"unknown {self.identity[:6]}"
        return short_digest(digest_of([self._clips, digest]))


def marked(short: str, mark: str) -> str:
    """The name of a metric with its mark."""
    return f"{short} [{mark}]"


def _said(mark: str | None, digest: object, units: object) -> dict[str, str]:
    try:
        unit = described(digest, units)
    except (TypeError, ValueError):
        return {}
    return {mark: unit.in_words} if mark and not isinstance(unit, str | None) else {}
