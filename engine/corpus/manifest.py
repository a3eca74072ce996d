"""The table of a corpus: what is known of every clip, used or quarantined."""

from pathlib import Path
from typing import Literal

from attrs import frozen

Reason = Literal[
    "unreadable",
    "truncated",
    "empty",
    "not finite",
    "too short",
    "too long",
    "silent",
    "clipped",
    "transcript missing",
    "alphabet unknown",
    "duplicate of",
    "sample rate too low",
    "header disagrees",
]

Listed = Literal["train", "eval", "test"]


@frozen(kw_only=True)
class Clip:
    """One usable recording. `id` is its path inside the corpus without the extension."""

    id: str
    path: str
    sha256: str
    num_frames: int
    """Frames at the file's own rate."""
    sample_rate_hz: int
    num_channels: int
    peak: float
    rms_dbfs: float
    speaker: str | None = None
    language: str | None = None
    text: str | None = None
    label: str | None = None
    listed: Listed | None = None
    """Where the corpus's own official lists put it."""

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.num_frames / self.sample_rate_hz


@frozen(kw_only=True)
class Quarantined:
    """A file that is not used, and why: a reason of the closed list, and the particulars."""

    path: str
    reason: Reason
    detail: str


@frozen(kw_only=True)
class Manifest:
    """Every file of a corpus: used or quarantined, nothing in between. Both sorted by path."""

    clips: tuple[Clip, ...]
    quarantined: tuple[Quarantined, ...]

    @property
    def digest(self) -> str:
        """SHA-256 over the used clips (id, content, speaker, text, label, list)."""
        raise NotImplementedError


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write `manifest.jsonl` and `quarantine.jsonl` into `folder`, one object a line."""
    raise NotImplementedError


def read_manifest(folder: Path) -> Manifest:
    """Read them back. Raises UserError where a file is missing or a line is damaged."""
    raise NotImplementedError
