"""One picture of a page, as a small WebP file."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from attrs import frozen
from PIL import Image

from tests.chromium import DESK, opened

if TYPE_CHECKING:
    from playwright.sync_api import Page

FOLDER = Path(__file__).parent
LARGEST = 150_000
"""Bytes of a picture."""


@frozen
class Shot:
    """A picture: a window after `prepare`, which may scroll and press keys."""

    name: str
    """The name of the file, without its suffix."""
    address: str | Path
    """A file, or an address that begins with http."""
    prepare: Callable[["Page"], object] = lambda _: None
    width: int = DESK
    scheme: Literal["light", "dark"] = "light"

    def take(self) -> Path:
        """Write the picture; return its file."""
        with opened(self.address, width=self.width, scheme=self.scheme, problems=[]) as page:
            self.prepare(page)
            page.wait_for_timeout(300)  # pictures are decoded beside the page
            content = page.screenshot()
        path = FOLDER / f"{self.name}.webp"
        path.write_bytes(_small(content))
        return path


def scrolled_to(text: str, keys: str = "") -> Callable[["Page"], None]:
    """Scroll to a heading; then press keys, and let what they start run for a second."""

    def prepare(page: "Page") -> None:
        heading = page.locator("h2", has_text=text).first
        heading.evaluate("(one) => one.scrollIntoView({ block: 'start' })")
        for key in keys:
            page.keyboard.press(key)
            page.wait_for_timeout(1000)
        heading.evaluate("(one) => one.scrollIntoView({ block: 'start' })")

    return prepare


def _small(content: bytes) -> bytes:
    """A PNG as WebP of the best quality that fits."""
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    for quality in (90, 80, 70, 55, 40, 25):
        small = io.BytesIO()
        picture.save(small, "WEBP", quality=quality, method=6)
        if len(small.getvalue()) <= LARGEST:
            break
    return small.getvalue()
