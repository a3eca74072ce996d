"""Where the audio of a Lhotse recording lies, and which part of it is meant."""

from typing import Any

from attrs import frozen

from engine.corpus.layouts.facts import BadNumberError, Facts

_SAME_SECONDS = 0.001
"""Manifests round their times: an end this near to the recording's is the recording's."""


@frozen(kw_only=True)
class Source:
    """A file that holds a recording, or one channel of it."""

    name: str
    channel: int | None = None
    """Place of the channel in the file; None where the file has no other."""
    seconds: float | None = None
    refused: str | None = None
    """Why it cannot be read, in words."""


@frozen(kw_only=True)
class Span:
    """A part of a recording; `seconds` is None where it goes on to the end."""

    start_seconds: float = 0.0
    seconds: float | None = None
    bad_number: str | None = None
    """A sentence, where the times are not valid."""


def source_of(recording: Facts, channel: Any = None) -> Source:
    """The file of a recording that holds `channel`; of all channels where it is not a number.

    Commands are never run and addresses never fetched; recordings in several files, or to be
    transformed, are refused. Raises UserError where something is of another type.
    """
    sources = recording.each("sources")
    chosen = [one for one in sources if channel in _channels(one)] or sources
    if not chosen:
        return _refused(recording, "it has no recording with a source")
    kind = chosen[0].words("type")
    if kind != "file":
        return _refused(recording, f"its source is a {kind}, which is never run or fetched")
    if recording.values.get("transforms"):
        return _refused(recording, "its recording is to be transformed, which is not done here")
    if len(chosen) > 1:
        return _refused(recording, "its recording lies in several files")
    channels = _channels(chosen[0])
    several = len(channels) > 1 and channel in channels
    return Source(
        name=chosen[0].words("source") or "",
        channel=channels.index(channel) if several else None,
        seconds=_length(recording),
    )


def span_of(outer: Facts, inner: Facts | None, source: Source) -> Span:
    """The times of a cut, or of the supervision `inner` as far as it lies in the cut `outer`."""
    try:
        start, end = _times(outer)
        if inner:
            first, last = _times(inner, signed=True)
            end = min(end, start + last)
            start += max(first, 0.0)
    except BadNumberError as error:
        return Span(bad_number=str(error))
    if end <= start:
        return Span(bad_number=f"{(inner or outer).place}: the end does not come after the start")
    if source.seconds is not None and abs(end - source.seconds) < _SAME_SECONDS:
        end = _FOREVER
    return Span(start_seconds=start, seconds=None if end == _FOREVER else end - start)


_FOREVER = float("inf")


def _times(facts: Facts, *, signed: bool = False) -> tuple[float, float]:
    start = (facts.number("start") if signed else facts.seconds("start")) or 0.0
    seconds = facts.seconds("duration")
    return start, _FOREVER if seconds is None else start + seconds


def _channels(source: Facts) -> list[Any]:
    channels = source.values.get("channels")
    return channels if isinstance(channels, list) else []


def _length(recording: Facts) -> float | None:
    try:
        return recording.seconds("duration")
    except BadNumberError:
        return None  # only the decoder says how long a file is


def _refused(recording: Facts, why: str) -> Source:
    return Source(name=recording.words("id") or "", refused=why)
