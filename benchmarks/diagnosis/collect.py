"""Recorded runs of two campaigns: what was seen in each, and which fault was planted."""

import json
from collections.abc import Iterator
from pathlib import Path

from engine.report.diagnosis.figures import Figures
from engine.report.diagnosis.observations import observe
from engine.report.diagnosis.signatures import HEALTHY, Signature


def healthy_signatures(folder: Path) -> Iterator[Signature]:
    """The runs of a campaign of benchmarks.healthy."""
    for line in (folder / "rows.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        kept = folder / "events" / row["run"]
        if kept.is_dir():
            yield Signature(HEALTHY, row["kind"], row["system"], observe(Figures.of(kept)))
