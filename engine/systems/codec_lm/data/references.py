"""Which clips may be the reference of which: another of the same speaker, and both must fit."""

from collections.abc import Sequence

import numpy as np
from attrs import define, frozen


@frozen(eq=False)
class Voice:
    """The clips of one speaker that may be references, those that need the fewest positions first.

    All arrays are parallel.
    """

    places: np.ndarray
    """Of the clips in their set."""
    costs: np.ndarray
    """Positions that each needs as a reference, its text included; ascending."""


@define(eq=False)
class References:
    """The references of a set of clips.

    A clip's reference is any other clip of its speaker that together with it fits the positions of
    the model: never itself, nor a clip with the same audio.
    """

    voices: Sequence[Voice | None]
    """Of each clip; those of a speaker share one."""
    num_fitting: np.ndarray
    """How many clips of its voice, from the first on, fit beside each clip."""
    barred: Sequence[tuple[int, ...]]
    """Ranks in its voice, ascending, of those that have each clip's own audio, and would fit."""

    @property
    def counts(self) -> np.ndarray:
        """How many references each clip has, int64 [clips]."""
        return self.num_fitting - np.array([len(ranks) for ranks in self.barred], np.int64)

    def draw(self, clip: int, random: np.random.Generator) -> int:
        """One of a clip's references, each as likely as another."""
        return self.choose(clip, int(random.integers(self._count(clip))))

    def choose(self, clip: int, number: int) -> int:
        """The reference of a clip that has this number, modulo how many there are."""
        rank, voice = number % self._count(clip), self.voices[clip]
        for barred in self.barred[clip]:
            rank += barred <= rank
        assert voice is not None, "a clip without a speaker is not used"
        return int(voice.places[rank])

    def _count(self, clip: int) -> int:
        return int(self.num_fitting[clip]) - len(self.barred[clip])


def find_references(
    speakers: Sequence[str],
    digests: Sequence[bytes],
    costs: np.ndarray,
    room: np.ndarray,
    may_be: np.ndarray,
) -> References:
    """The references of clips, of which each has a speaker ("": unknown) and a digest of its audio.

    `costs` int64 [clips] are the positions a clip needs as a reference, `room` those that are left
    beside it as a target, and `may_be` bool says which are short enough to be references at all.
    The order of a voice follows from the clips alone, whatever they are called.
    """
    by_speaker: dict[str, list[int]] = {}
    order = sorted(range(len(speakers)), key=lambda place: (costs[place], digests[place]))
    for place in order:
        if speakers[place] and may_be[place]:
            by_speaker.setdefault(speakers[place], []).append(place)
    voices = {
        speaker: Voice(np.array(places), costs[places]) for speaker, places in by_speaker.items()
    }
    return _of_voices([voices.get(speaker) for speaker in speakers], digests, room)


def _of_voices(
    voices: Sequence[Voice | None], digests: Sequence[bytes], room: np.ndarray
) -> References:
    ranks: dict[tuple[int, bytes], list[int]] = {}
    for voice in {id(voice): voice for voice in voices if voice is not None}.values():
        for rank, place in enumerate(voice.places.tolist()):
            ranks.setdefault((id(voice), digests[place]), []).append(rank)
    fitting = np.array(
        [
            0 if voice is None else np.searchsorted(voice.costs, room[clip], "right")
            for clip, voice in enumerate(voices)
        ],
        np.int64,
    )
    barred = [
        tuple(rank for rank in ranks.get((id(voice), digests[clip]), ()) if rank < fitting[clip])
        for clip, voice in enumerate(voices)
    ]
    return References(voices, fitting, barred)


def nearest_of_others(
    speakers: Sequence[str],
    costs: np.ndarray,
    room: np.ndarray,
    may_be: np.ndarray,
    replaced: Sequence[int],
) -> list[int | None]:
    """For each clip the clip of another speaker whose cost is nearest to the one it replaces.

    The arguments are those of `find_references`; None where no clip of another speaker fits.
    """
    _, voices = np.unique(speakers, return_inverse=True)
    found: list[int | None] = []
    for clip, place in enumerate(replaced):
        fits = may_be & (voices != voices[clip]) & (costs <= room[clip])
        distance = np.where(fits, np.abs(costs - costs[place]), np.iinfo(np.int64).max)
        nearest = int(distance.argmin())
        found.append(nearest if fits[nearest] else None)
    return found
