"""The report of a run, and the comparison of two phases."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from docs.pictures.shot import Shot, scrolled_to
from engine.project import Project
from engine.report.compare.page import build_comparison
from engine.system_support.finished_run import finished_run
from tests.chromium import PHONE

_PHASES = "xtts_phase1", "xtts_phase2"


def shots(project: Project) -> Iterator[Shot]:
    """Pictures of the models of both phases. Raises UserError where one is not trained."""
    runs = [finished_run(project, name) for name in _PHASES]
    report = runs[-1].folder / "report.html"
    yield Shot("report", report)
    yield Shot("report_samples", report, scrolled_to("Side by side", "n2"))
    with tempfile.TemporaryDirectory() as place:
        page = Path(place) / "compare.html"
        build_comparison(runs, page)
        yield Shot("compare", page)
        yield Shot("compare_metrics", page, scrolled_to("Metrics"))
        yield Shot("compare_curves", page, scrolled_to("Curves"))
        yield Shot("compare_samples", page, scrolled_to("Samples", "n34"), scheme="dark")
        yield Shot("compare_phone", page, width=PHONE)
