"""Colours of messages: which words have one, and on which streams.

Messages are plain text everywhere else. What is piped, or written to a file, stays plain.
"""

import os
import re
from typing import TextIO

import click

_STYLES = (
    (re.compile(r"^error:", re.MULTILINE), {"fg": "red", "bold": True}),
    (re.compile(r"^(?:warning|note|left out):", re.MULTILINE), {"fg": "yellow", "bold": True}),
    (re.compile(r"^[^\s:]+\.toml(?::\d+)?(?=  )", re.MULTILINE), {"bold": True}),
    (re.compile(r"\bVerdict: [^;.]+; keep [^\s.]+"), {"fg": "green", "bold": True}),
)
"""What begins an error or a note, where a fault is, and a verdict."""


def has_colour(stream: TextIO) -> bool:
    """Whether text for `stream` is coloured: where a terminal shows it, unless TERM is "dumb".

    NO_COLOR, if not empty, turns colours off everywhere, and FORCE_COLOR turns them on
    (https://no-color.org, https://force-color.org).
    """
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")


def coloured(text: str) -> str:
    """The text with the escape sequences of colours."""
    for pattern, style in _STYLES:
        text = pattern.sub(lambda found, style=style: click.style(found[0], **style), text)
    return text
