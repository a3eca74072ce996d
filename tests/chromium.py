"""Pages as a person opens them: in a real Chromium, from disk or from a local server."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

PHONE, DESK = 390, 1280
"""Widths of a window in CSS pixels."""

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
# A container has no sandbox of the browser's own and little shared memory.
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--autoplay-policy=document-user-activation-required",
)


def chromium() -> str:
    """The browser's program; the test is skipped where there is none."""
    found = next((path for name in _PROGRAMS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium: Debian's package is called chromium")
    return found


@contextmanager
def opened(
    address: str | Path,
    *,
    width: int = DESK,
    scheme: Literal["light", "dark"] = "light",
    problems: list[str] | None = None,
) -> Iterator["Page"]:
    """A page in a window of its own: a file, or an address that begins with http.

    Errors of the page's scripts fail the test, and so does a request to another machine, unless
    `problems` takes them.
    """
    from playwright.sync_api import sync_playwright

    found: list[str] = [] if problems is None else problems
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[*_ARGUMENTS])
        window = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page = window.new_page()
        page.on("pageerror", lambda error: found.append(str(error)))
        page.on("request", lambda request: _note_abroad(request.url, found))
        page.goto(address if isinstance(address, str) else address.resolve().as_uri())
        yield page
        browser.close()
    if problems is None:
        assert found == []


def _note_abroad(url: str, found: list[str]) -> None:
    if not url.startswith(("file:", "data:", "blob:", "about:", "http://127.0.0.1")):
        found.append(f"a request to {url}")


def wait_until(page: "Page", true: str, *, seconds: float = 20.0) -> None:
    """Wait until a JavaScript expression is true, also where a page's own policy forbids eval."""
    for _ in range(round(seconds * 20)):
        if page.evaluate(true):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"not so after {seconds:g} s: {true}")


def axe(page: "Page") -> list[str]:
    """What the accessibility checker axe finds on a page: a line for each rule that is broken."""
    from axe_playwright_python.sync_playwright import Axe

    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [f"{one['id']} ({len(one['nodes'])}): {one['help']}" for one in found]


def picture(page: "Page", name: str) -> None:
    """Keep a picture of the whole page where CANTUS_PICTURES names a folder, to be looked at."""
    if "CANTUS_PICTURES" in os.environ:
        page.screenshot(path=Path(os.environ["CANTUS_PICTURES"], f"{name}.png"), full_page=True)
