"""Which clips may be references of a clip: others of its speaker that fit beside it."""

from collections import Counter
from collections.abc import Sequence
from typing import Self

import numpy as np
from attrs import evolve, frozen


@frozen
class Window:
    """Limits on the length of sequences and references."""

    max_positions: int
    """Positions that a sequence may fill."""
    max_reference_frames: int
    """Longer clips are not used as references."""


@frozen(eq=False)
class Candidates:
    """The properties that decide which clips may be references of which; a row for each clip."""

    speakers: Sequence[str]
    """Empty where a speaker is not known."""
    digests: Sequence[bytes]
    """Digest of each clip's audio."""
    costs: np.ndarray
    """Positions of each clip's text and codes, int64."""
    room: np.ndarray
    """Positions that are left for a reference beside each clip, int64."""
    are_short: np.ndarray
    """Which clips are short enough to be references, bool."""

    @classmethod
    def of(
        cls,
        speakers: Sequence[str],
        digests: Sequence[bytes],
        num_text_tokens: np.ndarray,
        num_frames: np.ndarray,
        window: Window,
        of_the_chat: int,
    ) -> Self:
        """Clips with their numbers of text tokens and frames, int64 [clips] each.

        The chat itself fills `of_the_chat` positions.
        """
        costs = num_text_tokens + num_frames
        room = window.max_positions - of_the_chat - costs
        return cls(speakers, digests, costs, room, num_frames <= window.max_reference_frames)

    def only(self, places: np.ndarray) -> Self:
        """The clips at `places` [n], in their order."""
        return evolve(
            self,
            speakers=[self.speakers[place] for place in places.tolist()],
            digests=[self.digests[place] for place in places.tolist()],
            costs=self.costs[places],
            room=self.room[places],
            are_short=self.are_short[places],
        )

    def has_short_other(self, place: int) -> bool:
        """Whether a clip's speaker has another that is short enough to be a reference."""
        own = self.speakers[place], self.digests[place]
        each = zip(self.speakers, self.digests, self.are_short.tolist(), strict=True)
        return any(short and who == own[0] and what != own[1] for who, what, short in each)

    @property
    def num_others(self) -> np.ndarray:
        """How many clips of other audio each clip's speaker has, int64; 0 where it is unknown."""
        each = [*zip(self.speakers, self.digests, strict=True)]
        of_speaker, of_audio = Counter(self.speakers), Counter(each)
        counts = [of_speaker[key[0]] - of_audio[key] if key[0] else 0 for key in each]
        return np.array(counts, np.int64)


@frozen(eq=False)
class Voice:
    """The clips of one speaker that may be references, those that need the fewest positions first.

    Both arrays are parallel.
    """

    places: np.ndarray
    """Places of the clips among all clips, int64."""
    costs: np.ndarray


@frozen(eq=False)
class References:
    """The references of clips: others of the same speaker, of other audio, that fit beside them."""

    voices: Sequence[Voice | None]
    """The voice of each clip; clips of one speaker share it."""
    num_fitting: np.ndarray
    """How many clips of its voice, from the first on, fit beside each clip."""
    barred: Sequence[tuple[int, ...]]
    """Ranks in its voice, ascending, of those that would fit and have each clip's own audio."""

    @classmethod
    def among(cls, clips: Candidates) -> Self:
        """The references of clips among themselves."""
        voices = _voices(clips)
        ranks: dict[tuple[str, bytes], list[int]] = {}
        for speaker, voice in voices.items():
            for rank, place in enumerate(voice.places.tolist()):
                ranks.setdefault((speaker, clips.digests[place]), []).append(rank)
        each = [voices.get(speaker) for speaker in clips.speakers]
        fitting = np.array(
            [
                0 if voice is None else np.searchsorted(voice.costs, room, "right")
                for voice, room in zip(each, clips.room.tolist(), strict=True)
            ],
            np.int64,
        )
        own = [ranks.get(key, []) for key in zip(clips.speakers, clips.digests, strict=True)]
        pairs = zip(own, fitting.tolist(), strict=True)
        return cls(each, fitting, [tuple(r for r in those if r < fits) for those, fits in pairs])

    @property
    def counts(self) -> np.ndarray:
        """How many references each clip has, int64 [clips]."""
        return self.num_fitting - np.array([len(ranks) for ranks in self.barred], np.int64)

    def draw(self, clip: int, random: np.random.Generator) -> int:
        """One of a clip's references, all equally likely."""
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


def with_references(clips: Candidates) -> np.ndarray:
    """Places of the clips, ascending, that have a reference among each other, int64.

    A clip without one is left out, and so is nobody's reference.
    """
    places = np.arange(len(clips.speakers))
    while True:
        has_one = References.among(clips.only(places)).counts > 0
        if has_one.all():
            return places
        places = places[has_one]


def nearest_of_others(clips: Candidates, replaced: Sequence[int]) -> list[int | None]:
    """For each clip, the clip of another speaker whose cost is nearest to the one it replaces.

    `replaced` are the places of each clip's own reference. None where no such clip fits. Of equally
    near ones it follows from their audio, whatever the clips are called.
    """
    _, voices = np.unique(clips.speakers, return_inverse=True)
    order = np.array(sorted(range(len(voices)), key=clips.digests.__getitem__))
    found: list[int | None] = []
    for clip, place in enumerate(replaced):
        fits = clips.are_short & (voices != voices[clip]) & (clips.costs <= clips.room[clip])
        distance = np.abs(clips.costs - clips.costs[place])
        nearest = int(order[np.where(fits, distance, np.iinfo(np.int64).max)[order].argmin()])
        found.append(nearest if fits[nearest] else None)
    return found


def _voices(clips: Candidates) -> dict[str, Voice]:
    """The voice of each speaker. Its order depends on the clips' audio, not on their names."""
    places: dict[str, list[int]] = {}
    order = sorted(range(len(clips.speakers)), key=lambda at: (clips.costs[at], clips.digests[at]))
    for place in order:
        if clips.speakers[place] and clips.are_short[place]:
            places.setdefault(clips.speakers[place], []).append(place)
    return {
        speaker: Voice(np.array(those), clips.costs[those]) for speaker, those in places.items()
    }
