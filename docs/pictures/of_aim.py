"""Aim's pages as `cantus ui` opens them: the curves of two phases, and their sounds."""

import re
import signal
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from docs.pictures.shot import Shot
from engine.project import Project
from tests.served import process

if TYPE_CHECKING:
    from playwright.sync_api import Page

_PHASES = "xtts_phase1", "xtts_phase2"
_LINK = re.compile(r"http://127\.0\.0\.1:\S+")
_MILLISECONDS = 6000
"""Time that the scripts of Aim take to draw, on an idle machine."""


def shots(project: Project) -> Iterator[Shot]:
    """Pictures of the runs of both phases, which must be trained."""
    with process(["-m", "engine", "ui", *_PHASES, "--port", "0"], project.root) as pages:
        assert pages.stdout is not None
        found = (link for line in pages.stdout for link in _LINK.findall(line))
        yield Shot("aim_curves", next(found), _drawn("total_steps"))
        yield Shot("aim_sounds", next(found), _drawn("run.name"))
        pages.send_signal(signal.SIGINT)
        pages.wait(60)


def _drawn(text: str) -> Callable[["Page"], None]:
    """Wait until a text stands on the page, and for what is drawn after it."""

    def prepare(page: "Page") -> None:
        page.get_by_text(text).first.wait_for(timeout=180_000)
        page.wait_for_timeout(_MILLISECONDS)

    return prepare
