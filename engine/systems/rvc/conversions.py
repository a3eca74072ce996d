"""Which clips of other speakers are converted, to which voice, and their reference recordings."""

from collections.abc import Mapping, Sequence

from attrs import frozen

from engine.corpus.table.manifest import Clip
from engine.evaluation.texts import sentence_key
from engine.system_support.audio_samples import spread_over


@frozen
class Conversion:
    """A clip to convert to another voice."""

    source: int
    """Row of the clip in the manifest."""
    target: int
    """Number of the trained speaker to whose voice it is converted."""
    parallel: int | None
    """Row of a clip in which this speaker says the same sentence; None where there is none."""


def choose_conversions(
    clips: Sequence[Clip],
    others: Sequence[int],
    learned: Sequence[int],
    held_out: Sequence[int],
    speakers: Sequence[str],
    number: int,
) -> list[Conversion]:
    """At most `number` clips, of as many speakers as possible, preferably of untrained sentences.

    The clips are of `others`, rows of the manifest of untrained speakers, and are converted to the
    trained voices in turn. Without such rows they are of `held_out`, each converted to the next
    voice, and none where there is one voice alone. `learned` are the rows of all clips of trained
    speakers.
    """
    untrained = set(held_out)
    said = {_said(clips[row]) for row in learned if row not in untrained}
    untrained_first = sorted(others, key=lambda row: _said(clips[row]) in said)
    sources = untrained_first or (held_out if len(speakers) > 1 else [])
    chosen = spread_over([clips[row].speaker or "" for row in sources], number) if number else []
    numbers = {name: place for place, name in enumerate(speakers)}
    takes = _takes(clips, learned, numbers)
    found = []
    for turn, source in enumerate(sources[place] for place in chosen):
        own = numbers.get(clips[source].speaker or "")
        target = (turn if own is None else own + 1) % len(speakers)
        found.append(Conversion(source, target, takes.get((target, _said(clips[source])))))
    return found


def _takes(
    clips: Sequence[Clip], learned: Sequence[int], numbers: Mapping[str, int]
) -> dict[tuple[int, str], int]:
    """The first clip of each trained speaker and text."""
    found: dict[tuple[int, str], int] = {}
    for row in learned:
        text = _said(clips[row])
        if text:
            found.setdefault((numbers[clips[row].speaker or ""], text), row)
    return found


def _said(clip: Clip) -> str:
    return sentence_key(clip.text or "")
