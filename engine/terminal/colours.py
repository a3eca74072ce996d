"""Colours of messages: which words have one, and on which streams.

Messages are plain text everywhere else. What is piped, or written to a file, stays plain.
"""

import os
import re
from collections.abc import Mapping
from functools import partial
from typing import Any, TextIO

import click

_STYLES: tuple[tuple[str, Mapping[str, Any]], ...] = (
    (r"(?:^|(?<=^error: ))[^\s:]+\.toml(?::\d+)?(?=  )", {"bold": True}),
    (r"^error:", {"fg": "red", "bold": True}),
    (r"^(?:warning|note|left out):", {"fg": "yellow", "bold": True}),
    (r"\bVerdict on these weights: [^;.]+; keep [^\s.]+", {"fg": "green", "bold": True}),
)
"""Where a fault is, what begins an error or a note, and a verdict."""


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
        text = re.sub(pattern, partial(_styled, style), text, flags=re.MULTILINE)
    return text


def _styled(style: Mapping[str, Any], found: re.Match[str]) -> str:
    return click.style(found[0], **style)
