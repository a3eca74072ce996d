"""The page of a corpus: what is in it, what was left out of it and why."""

from collections.abc import Iterable
from pathlib import Path
from typing import get_args

from attrs import define, field

from engine.corpus.account.reasons import MEANINGS, Meaning
from engine.corpus.account.report import Report
from engine.corpus.account.summary import clips_in_words
from engine.corpus.audio.unusable import Reason
from engine.corpus.table.manifest import QUARANTINE_FILE, Quarantined
from engine.files.pages import page_template
from engine.files.text import visible

PAGE_FILE = "report.html"

MOST_ROWS = 1_000
"""Files that the page lists for each reason; quarantine.jsonl has them all."""


@define
class _Group:
    """The files quarantined for one reason."""

    reason: str
    meaning: Meaning
    total: int = 0
    rows: list[tuple[int, Quarantined]] = field(factory=list)
    """The first of them, each with its number in quarantine.jsonl: the first is 1."""


def write_page(report: Report, quarantined: Iterable[Quarantined], folder: Path) -> Path:
    """Write `report.html` into a corpus's folder and return it.

    It needs nothing beside it and no network. The same corpus gives the same bytes.
    """
    page = page_template(
        ["engine.corpus.account"], visible, count=lambda value: f"{value:,}", clips=clips_in_words
    )
    path = folder / PAGE_FILE
    text = page.render(report=report, groups=_groups(quarantined), table=QUARANTINE_FILE)
    path.write_bytes(text.encode())
    return path


def _groups(quarantined: Iterable[Quarantined]) -> list[_Group]:
    groups = {reason: _Group(reason, MEANINGS[reason]) for reason in get_args(Reason)}
    for number, one in enumerate(quarantined, start=1):
        group = groups[one.reason]
        group.total += 1
        if group.total <= MOST_ROWS:
            group.rows.append((number, one))
    return [group for group in groups.values() if group.total]
