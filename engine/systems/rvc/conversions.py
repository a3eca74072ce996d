"""Which clips of other speakers are converted, into whose voice, and what they are held against."""

from collections.abc import Mapping, Sequence

from attrs import frozen

from engine.corpus.table.manifest import Clip
from engine.evaluation.texts import sentence_key
from engine.system_support.audio_samples import spread_over


@frozen
class Conversion:
    """A clip that is to be said in another voice."""

    source: int
    """Its row in the manifest."""
    target: int
    """The number of the learned speaker whose voice it is to have."""
    parallel: int | None
    """The row of a clip in which this speaker says the same; None where there is none."""


def choose_conversions(
    clips: Sequence[Clip],
    others: Sequence[int],
    learned: Sequence[int],
    held_out: Sequence[int],
    speakers: Sequence[str],
    number: int,
) -> list[Conversion]:
    """At most `number` clips, of as many speakers as possible, if it can be of unlearned sentences.

    They are `others`, rows of the manifest whose speakers are not learned, which take the learned
    voices in turn. Where there are none they are `held_out`, each of which takes the next voice;
    with one voice alone there are none. `learned` are the rows of all clips of learned speakers.
    """
    unheard = set(held_out)
    said = {_said(clips[row]) for row in learned if row not in unheard}
    unheard_first = sorted(others, key=lambda row: _said(clips[row]) in said)
    sources = unheard_first or (held_out if len(speakers) > 1 else [])
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
    """The first clip of each learned speaker and text."""
    found: dict[tuple[int, str], int] = {}
    for row in learned:
        text = _said(clips[row])
        if text:
            found.setdefault((numbers[clips[row].speaker or ""], text), row)
    return found


def _said(clip: Clip) -> str:
    return sentence_key(clip.text or "")
