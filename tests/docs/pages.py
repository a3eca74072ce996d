"""The pages of Markdown of this project, as tests read them: their blocks, links and headings."""

import re
import subprocess
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

from attrs import field, frozen
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
NOTES = ("not run", "not compared", "run first", "part of", "excerpt of")
"""What a comment above a block can say: docs/writing-pages.md."""

_NOTE = re.compile(rf"<!--\s*({'|'.join(NOTES)}):\s*(.*?)\s*-->", re.DOTALL)


@frozen
class Block:
    """A fenced block of a page, with the line of its fence and what comments above it say."""

    page: Path
    line: int
    language: str
    text: str
    notes: dict[str, str] = field(factory=dict)

    @property
    def where(self) -> str:
        inside = self.page.is_relative_to(ROOT)
        return f"{self.page.relative_to(ROOT) if inside else self.page.name}:{self.line}"


@cache
def repository_files() -> frozenset[str]:
    """What git has or would add, by its path from the root."""
    names = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return frozenset(name for name in names if (ROOT / name).is_file())


def pages() -> list[Path]:
    """README.md and every other page of the repository."""
    return [ROOT / name for name in sorted(repository_files()) if name.endswith(".md")]


@cache
def tokens(page: Path) -> list[Token]:
    """A page in the parts that a reader of CommonMark with tables sees."""
    return MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page. Raises AssertionError where a note has no block below it."""
    notes: dict[str, str] = {}
    for token in tokens(page):
        if token.type == "html_block":
            notes |= dict(_NOTE.findall(token.content))
            continue
        if token.type == "fence":
            assert token.map is not None
            yield Block(page, token.map[0] + 1, token.info.strip(), token.content, notes)
        else:
            assert not notes, f"{page}: no block follows the note {notes}"
        notes = {}


def links(page: Path) -> Iterator[str]:
    """Where the links and pictures of a page lead, as they are written."""
    for token in _within(tokens(page)):
        if token.type == "link_open":
            yield str(token.attrs["href"])
        elif token.type == "image":
            yield str(token.attrs["src"])
        elif token.type in {"html_block", "html_inline"}:
            yield from re.findall(r'(?:href|src)="([^"]+)"', token.content)


@cache
def anchors(page: Path) -> list[str]:
    """The anchors of a page's headings, as code hosts and the site make them."""
    parts = tokens(page)
    titles = [inline for opening, inline in pairwise(parts) if opening.type == "heading_open"]
    return [_anchor("".join(part.content for part in _within([title]))) for title in titles]


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


def _within(parts: list[Token]) -> Iterator[Token]:
    """The innermost parts."""
    for token in parts:
        if token.children is None:
            yield token
        else:
            yield from _within(token.children)
