"""Figures of an ingested corpus and of its quarantined files."""

import json
from collections.abc import Mapping
from pathlib import Path

import cattrs
from attrs import frozen

from engine.corpus.account.histogram import Histogram
from engine.corpus.account.near_duplicates import NearDuplicates
from engine.corpus.layouts.passed_over import PassedOver
from engine.corpus.licence import Licence
from engine.errors import UserError

REPORT_FILE = "report.json"


@frozen(kw_only=True)
class Portion:
    """How much of a corpus: of one speaker, in one language."""

    num_clips: int
    hours: float


@frozen(kw_only=True)
class Pace:
    """How fast the text of a clip is spoken. Far from the others', it is not the clip's text."""

    id: str
    characters_per_second: float
    """Letters and digits."""
    text: str
    """Beginning of the transcript."""


@frozen(kw_only=True)
class Report:
    """Figures of an ingested corpus. Everything found is used or quarantined."""

    corpus: str
    source: str
    layout: str
    licence: Licence | None = None
    """What the folder says of it; None where it says nothing."""
    num_found: int
    num_used: int
    quarantined: Mapping[str, int]
    """Reason: files, and parts of files."""
    passed_over: tuple[PassedOver, ...]
    hours: float
    """Hours of the used clips."""
    shortest_seconds: float
    longest_seconds: float
    num_speakers: int
    largest_speakers: Mapping[str, Portion]
    """The speakers with the most audio, the largest first."""
    num_labels: int
    num_with_text: int
    languages: Mapping[str, Portion]
    listed: Mapping[str, int]
    """The corpus's own list: clips."""
    sample_rates_hz: Mapping[str, int]
    """The files' own rate: clips."""
    num_channels: Mapping[str, int]
    """The files' own channels: clips."""
    decoders: Mapping[str, int]
    """What read their files, with its version: clips."""
    num_beyond_full_scale: int
    """Clips whose samples exceed 1.0; they are clipped to full scale."""
    num_header_faults: int = 0
    """Clips of files whose header is wrong about their length; they are read to their ends."""
    histograms: tuple[Histogram, ...]
    fastest: tuple[Pace, ...]
    """The clips with the most characters a second, the fastest first."""
    slowest: tuple[Pace, ...]
    """The clips with the fewest, the slowest first. No clip is in both lists."""
    near_duplicates: NearDuplicates | None = None
    """Clips that sound alike; None in a corpus of an older release."""
    packed_hz: tuple[int, ...]
    digest: str


def write_report(report: Report, folder: Path) -> None:
    """Write `report.json` into a corpus's folder."""
    text = json.dumps(cattrs.unstructure(report), ensure_ascii=False, indent=2)
    (folder / REPORT_FILE).write_text(text + "\n", encoding="utf-8", errors="surrogateescape")


def read_report(folder: Path) -> Report:
    """Read it back. Raises UserError where it is missing or damaged."""
    path = folder / REPORT_FILE
    try:
        if not path.is_file():
            raise FileNotFoundError(path)
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
        return cattrs.structure(json.loads(text), Report)
    except (OSError, ValueError, TypeError, RecursionError, cattrs.BaseValidationError) as error:
        raise UserError(f"{path} is missing or damaged. Run 'cantus ingest' again.") from error
