"""Recorded runs of two campaigns: what was seen in each, and which fault was planted."""

import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks.diagnosis.parts import PART_OF
from benchmarks.mutants.faults import CATALOGUE
from benchmarks.mutants.setups import SETUPS
from engine.report.diagnosis.figures import Figures
from engine.report.diagnosis.observations import observe
from engine.report.diagnosis.signatures import HEALTHY, Signature
from engine.report.history import History
from engine.system_support.discovery import recipe_classes


def healthy_signatures(folder: Path) -> Iterator[Signature]:
    """The runs of a campaign of benchmarks.healthy."""
    for line in (folder / "rows.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        kept = folder / "events" / row["run"]
        if kept.is_dir():
            yield Signature(HEALTHY, HEALTHY, row["kind"], row["system"], observe(Figures.of(kept)))


def mutant_signatures(keep: Path) -> Iterator[Signature]:
    """The runs that a campaign of benchmarks.mutants kept, by system, operator and seed."""
    for events in sorted(keep.glob("*/*/*/events.jsonl")):
        system, name = events.parts[-4:-2]
        operator = CATALOGUE.get(name)
        family = operator.family if operator else HEALTHY
        part = PART_OF[family]
        fault = operator.mistake if operator else HEALTHY
        best = SETUPS[system].anatomy.best
        history = History.of(events.parent)
        if not history.all("start"):
            continue  # the fault was refused before the run began: there are no figures
        kind = str(history.facts("start")["system"])
        lowest = recipe_classes()[kind].directions.get(best, "lowest") == "lowest"
        yield Signature(part, family, fault, kind, observe(Figures(history, best, lowest)))
