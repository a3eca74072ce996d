"""Samples side by side: the parts of each clip on a page."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, frozen

from engine.files.untrusted import leads_inside
from engine.report.history import History


@define
class Part:
    """One version of a clip (the original, a reconstruction): its picture above its player."""

    title: str
    image: str | None = None
    """A picture that its system drew."""
    audio: str | None = None
    notes: tuple[str, ...] = ()
    spectrogram: str | None = None
    """The engine's spectrogram of the sound; its width stands for the clip's longest part."""
    seconds: float = 0.0
    """Length of the sound; 0 where unknown."""
    volume: float = 1.0
    """The player's volume, below 1 where the part is louder than another."""
    colour: int = 0
    """Colour number of the run that made the part, where a page has several runs."""


@frozen
class Exhibit:
    """One clip, in the order in which its system wrote the parts."""

    title: str
    parts: tuple[Part, ...]
    note: str = ""

    @property
    def seconds(self) -> float:
        """Length of the longest part, which all pictures of the clip are scaled to."""
        return max((part.seconds for part in self.parts), default=0.0)


def exhibits(history: History) -> list[Exhibit]:
    """Group the last samples of a run by clip.

    A sample's name is that of its clip, a slash, and its part (`yes_3/original`,
    `yes_3/reconstruction`); a name without a slash is a clip of one part. A caption is the title.
    Files outside the run's folder are left out, and so are samples that are shown side by side.
    """
    clips: dict[str, dict[str, Part]] = {}
    for sample in last_samples(history):
        if sample.get("made_of") or not can_be_shown(sample):
            continue
        clip, _, name = sample["name"].rpartition("/")
        parts = clips.setdefault(clip or name, {})
        notes = tuple(sample.get("notes", ()))
        part = parts.setdefault(name, Part(sample.get("caption") or name, notes=notes))
        setattr(part, sample["kind"], sample["path"])
    return [Exhibit(clip, tuple(parts.values())) for clip, parts in clips.items()]


def last_samples(history: History) -> Sequence[Mapping[str, Any]]:
    """The facts of each sample that was made last."""
    samples: Sequence[Mapping[str, Any]] = history.facts("sample").get("samples", ())
    return samples


def can_be_shown(sample: Mapping[str, Any]) -> bool:
    """Whether a sample is a picture or a sound, in a file below the run's folder."""
    return sample["kind"] in ("image", "audio") and leads_inside(sample["path"])
