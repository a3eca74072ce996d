"""The table of a corpus: what is known of every clip, used or quarantined."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, TypeVar

import cattrs
from attrs import frozen

from engine.errors import UserError

CLIPS_FILE = "manifest.jsonl"
QUARANTINE_FILE = "quarantine.jsonl"

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
    """Of the decoded audio: two files with the same samples at the same rate have the same."""
    file_sha256: str = ""
    """Of the file's bytes, so that a change is noticed without decoding."""
    start_seconds: float = 0.0
    """Where in its file the clip begins."""
    num_frames: int
    """Frames at the file's own rate."""
    sample_rate_hz: int
    num_channels: int
    peak: float
    rms_dbfs: float
    clipped_share: float = 0.0
    """Of the samples, at or beyond full scale."""
    silent_share: float = 0.0
    """Of its 20 ms frames, below -50 dBFS."""
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
        """SHA-256 over the used clips (id, content, speaker, language, text, label, list)."""
        total = hashlib.sha256()
        for clip in self.clips:
            facts = (clip.id, clip.sha256, clip.speaker, clip.language, clip.text, clip.label)
            total.update(_line([*facts, clip.listed]).encode("utf-8", "surrogateescape"))
        return total.hexdigest()


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write `manifest.jsonl` and `quarantine.jsonl` into `folder`, one object a line."""
    _write_lines(manifest.clips, folder / CLIPS_FILE)
    _write_lines(manifest.quarantined, folder / QUARANTINE_FILE)


def read_manifest(folder: Path) -> Manifest:
    """Read them back. Raises UserError where a file is missing or a line is damaged."""
    return Manifest(
        clips=tuple(_read_lines(folder / CLIPS_FILE, Clip)),
        quarantined=tuple(_read_lines(folder / QUARANTINE_FILE, Quarantined)),
    )


Row = TypeVar("Row", Clip, Quarantined)

_converter = cattrs.Converter(forbid_extra_keys=True, omit_if_default=True)

# A file name need not be valid UTF-8. Its odd bytes go through Python as surrogates, and back.
_ODD_NAMES = "surrogateescape"


def _write_lines(rows: Iterable[Clip | Quarantined], path: Path) -> None:
    with path.open("w", encoding="utf-8", errors=_ODD_NAMES, newline="\n") as file:
        file.writelines(_line(_converter.unstructure(row)) for row in rows)


def _read_lines(path: Path, kind: type[Row]) -> list[Row]:
    rows = []
    if not path.is_file():
        raise UserError(f"{path} is missing. {_AGAIN}")
    with path.open(encoding="utf-8", errors=_ODD_NAMES) as file:
        for number, text in enumerate(file, start=1):
            try:
                rows.append(_converter.structure(_object(text), kind))
            except (ValueError, cattrs.BaseValidationError) as error:
                raise UserError(f"{path} is damaged in line {number}. {_AGAIN}") from error
    return rows


_AGAIN = "Run 'cantus ingest' for this corpus again."


def _object(text: str) -> dict[str, Any]:
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"
