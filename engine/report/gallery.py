"""Samples side by side: what a page shows of each clip."""

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
    """What the engine drew of the sound, as wide as the clip's longest part is long."""
    seconds: float = 0.0
    """How long it sounds; 0 where that is not known."""
    volume: float = 1.0
    """Of its player, below 1 where it is louder than another part."""
    colour: int = 0
    """That of the run that made it, where a page is of several."""


@frozen
class Exhibit:
    """One clip, in the order in which its system wrote the parts."""

    title: str
    parts: tuple[Part, ...]
    note: str = ""

    @property
    def seconds(self) -> float:
        """The longest part: what all pictures of the clip are as wide as."""
        return max((part.seconds for part in self.parts), default=0.0)


def exhibits(history: History) -> list[Exhibit]:
    """Group the last samples of a run by clip.

    A sample's name is that of its clip, a slash, and its part (`yes_3/original`,
    `yes_3/reconstruction`); a name without a slash is a clip of one part. A caption is the title.
    A file outside the run's folder is left out, and so is what is set beside that of other weights.
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
    """Whether it is a picture or a sound, in a file below the run's folder."""
    return sample["kind"] in ("image", "audio") and leads_inside(sample["path"])
