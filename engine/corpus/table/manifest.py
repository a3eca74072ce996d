"""The table of a corpus: what is known of every clip, used or quarantined."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from attrs import frozen

from engine.corpus.audio.unusable import Reason
from engine.corpus.table.rows import ODD_NAMES, Rows, json_line, to_line

CLIPS_FILE = "manifest.jsonl"
QUARANTINE_FILE = "quarantine.jsonl"
TABLES_FILE = "tables.jsonl"
"""Tables, lists and texts of the corpus's folder, a line each, with their SHA-256."""

Listed = Literal["train", "eval", "test"]


@frozen(kw_only=True)
class Clip:
    """One usable recording. `id` is its path inside the corpus without the extension."""

    id: str
    path: str
    sha256: str
    """SHA-256 of the decoded audio: equal for two files with equal samples at one rate."""
    file_sha256: str = ""
    """SHA-256 of the file's bytes, so that a change is noticed without decoding."""
    start_seconds: float = 0.0
    """Where in its file the clip begins."""
    num_frames: int
    """Frames at the file's own rate."""
    sample_rate_hz: int
    num_channels: int
    peak: float
    rms_dbfs: float
    clipped_share: float = 0.0
    """Share of the samples at or beyond full scale."""
    silent_share: float = 0.0
    """Share of the clip's 20 ms frames below -50 dBFS."""
    channel: int | None = None
    """Which of its file's channels it is, counted from 0. None: the mean of all."""
    decoder: str = "libsndfile"
    """Which decoder its file was read by."""
    header_fault: str | None = None
    """Wrong length in the file's header, where no sample is lost by that."""
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
    is_passing: bool = False
    """Whether the disk or the network failed: the next ingest reads the file again."""


@frozen(kw_only=True)
class Manifest:
    """Every file of a corpus: used or quarantined, nothing in between. Both sorted by path."""

    clips: Sequence[Clip]
    quarantined: Sequence[Quarantined]

    @property
    def digest(self) -> str:
        """SHA-256 over the used clips (id, content, speaker, language, text, label, list)."""
        digest = ClipsDigest()
        for clip in self.clips:
            digest.add(clip)
        return digest.hexdigest()


class ClipsDigest:
    """SHA-256 over what is learned from clips: id, content, speaker, language, text, label, list.

    Where a clip's file lies and how loud it is follows from its content or does not matter.
    """

    def __init__(self) -> None:
        self._total = hashlib.sha256()

    def add(self, clip: Clip) -> None:
        """Take in the next clip of the manifest."""
        facts = (clip.id, clip.sha256, clip.speaker, clip.language, clip.text, clip.label)
        self._total.update(json_line([*facts, clip.listed]).encode("utf-8", ODD_NAMES))

    def hexdigest(self) -> str:
        """The digest of the clips so far."""
        return self._total.hexdigest()


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write `manifest.jsonl` and `quarantine.jsonl` into `folder`, one object a line."""
    _write_rows(manifest.clips, folder / CLIPS_FILE)
    _write_rows(manifest.quarantined, folder / QUARANTINE_FILE)


def read_manifest(folder: Path) -> Manifest:
    """Read them back, row by row as they are asked for.

    Raises UserError where a file is missing, and where a damaged row is asked for.
    """
    return Manifest(
        clips=Rows(folder / CLIPS_FILE, Clip),
        quarantined=Rows(folder / QUARANTINE_FILE, Quarantined),
    )


def read_tables(folder: Path) -> Iterator[tuple[str, str]]:
    """The tables, lists and texts that said what the files are, each with its SHA-256."""
    with (folder / TABLES_FILE).open(encoding="utf-8", errors=ODD_NAMES) as file:
        for line in file:
            path, digest = json.loads(line)
            yield path, digest


def _write_rows(rows: Iterable[object], path: Path) -> None:
    with path.open("w", encoding="utf-8", errors=ODD_NAMES, newline="\n") as file:
        file.writelines(to_line(row) for row in rows)
