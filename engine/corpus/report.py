"""What became of a corpus's files, in figures."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import cattrs
from attrs import frozen

from engine.corpus.layouts import Listing
from engine.corpus.manifest import Manifest
from engine.errors import UserError

REPORT_FILE = "report.json"


@frozen(kw_only=True)
class Report:
    """Figures of an ingested corpus. Everything found is used or quarantined."""

    corpus: str
    source: str
    layout: str
    num_found: int
    num_used: int
    quarantined: Mapping[str, int]
    """Reason: files."""
    num_other_files: int
    hours: float
    """Of the used clips."""
    shortest_seconds: float
    longest_seconds: float
    num_speakers: int
    num_labels: int
    num_with_text: int
    languages: Mapping[str, int]
    """Language: clips."""
    listed: Mapping[str, int]
    """The corpus's own list: clips."""
    sample_rates_hz: Mapping[str, int]
    """The files' own rate: clips."""
    num_beyond_full_scale: int
    """Clips whose samples exceed 1.0; they are clipped to full scale."""
    packed_hz: tuple[int, ...]
    digest: str


def make_report(
    manifest: Manifest, listing: Listing, *, corpus: str, source: str, packed_hz: tuple[int, ...]
) -> Report:
    """Count a manifest."""
    clips = manifest.clips
    seconds = [clip.seconds for clip in clips]
    return Report(
        corpus=corpus,
        source=source,
        layout=listing.layout,
        num_found=len(clips) + len(manifest.quarantined),
        num_used=len(clips),
        quarantined=_count(one.reason for one in manifest.quarantined),
        num_other_files=listing.num_other_files,
        hours=round(sum(seconds) / 3600, 4),
        shortest_seconds=round(min(seconds), 3),
        longest_seconds=round(max(seconds), 3),
        num_speakers=len({clip.speaker for clip in clips if clip.speaker}),
        num_labels=len({clip.label for clip in clips if clip.label}),
        num_with_text=sum(clip.text is not None for clip in clips),
        languages=_count(clip.language for clip in clips),
        listed=_count(clip.listed for clip in clips),
        sample_rates_hz=_count(str(clip.sample_rate_hz) for clip in clips),
        num_beyond_full_scale=sum(clip.peak > 1.0 for clip in clips),
        packed_hz=packed_hz,
        digest=manifest.digest,
    )


def write_report(report: Report, folder: Path) -> None:
    """Write `report.json` into a corpus's folder."""
    text = json.dumps(cattrs.unstructure(report), ensure_ascii=False, indent=2)
    (folder / REPORT_FILE).write_text(text + "\n", encoding="utf-8")


def read_report(folder: Path) -> Report:
    """Read it back. Raises UserError where it is missing or damaged."""
    path = folder / REPORT_FILE
    try:
        return cattrs.structure(json.loads(path.read_text(encoding="utf-8")), Report)
    except (OSError, ValueError, cattrs.BaseValidationError) as error:
        raise UserError(f"{path} is missing or damaged. Run 'cantus ingest' again.") from error


def _count(names: Iterable[str | None]) -> dict[str, int]:
    return dict(sorted(Counter(name for name in names if name).items()))
