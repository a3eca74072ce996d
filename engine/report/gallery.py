"""Samples side by side: what a page shows of each clip."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import define, field, frozen

from engine.files.untrusted import leads_inside
from engine.report.history import History


@define
class Part:
    """One version of a clip (the original, a reconstruction): its picture above its player."""

    title: str
    image: str | None = None
    audio: str | None = None
    notes: tuple[str, ...] = ()


@frozen
class Exhibit:
    """One clip, in the order in which its system wrote the parts."""

    clip: str
    parts: dict[str, Part] = field(factory=dict)


def exhibits(history: History) -> list[Exhibit]:
    """Group the last samples of a run by clip.

    A sample's name is that of its clip, a slash, and its part (`yes_3/original`,
    `yes_3/reconstruction`); a name without a slash is a clip of one part. A caption is the title.
    A file outside the run's folder is left out, and so is what is set beside that of other weights.
    """
    clips: dict[str, Exhibit] = {}
    samples: Sequence[Mapping[str, Any]] = history.facts("sample").get("samples", ())
    for sample in samples:
        if sample.get("made_of") or not can_be_shown(sample):
            continue
        clip, _, name = sample["name"].rpartition("/")
        exhibit = clips.setdefault(clip or name, Exhibit(clip or name))
        notes = tuple(sample.get("notes", ()))
        part = exhibit.parts.setdefault(name, Part(sample.get("caption") or name, notes=notes))
        setattr(part, sample["kind"], sample["path"])
    return list(clips.values())


def can_be_shown(sample: Mapping[str, Any]) -> bool:
    """Whether it is a picture or a sound, in a file below the run's folder."""
    return sample["kind"] in ("image", "audio") and leads_inside(sample["path"])
