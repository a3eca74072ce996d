"""Links of pages, and mentions of pages in the engine and in recipes, lead to what is there."""

import posixpath
import re
from collections import Counter
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.docs.pages import ROOT, anchors, links, pages, repository_files

ABROAD = frozenset(
    {
        "https://keepachangelog.com/en/1.1.0/",
        "https://semver.org/spec/v2.0.0.html",
    }
)
"""Addresses of other sites that pages link to. No test looks whether they answer."""

PAGES = [str(page.relative_to(ROOT)) for page in pages()]
_MENTION = re.compile(r"docs/[\w./-]+\.(?:md|json|png|webp)(?:#[\w-]+)?")


@pytest.mark.parametrize("name", PAGES)
def test_every_link_of_a_page_leads_somewhere(name):
    page = ROOT / name
    assert [link for link in links(page) if not _leads_somewhere(link, page)] == []


def _leads_somewhere(link: str, page: Path) -> bool:
    if re.match(r"[a-z]+:", link):
        return link in ABROAD
    path, _, anchor = unquote(link).partition("#")
    folder = posixpath.dirname(page.relative_to(ROOT).as_posix())
    name = posixpath.normpath(posixpath.join(folder, path)) if path else str(page.relative_to(ROOT))
    return _is_there(name, anchor)


def _is_there(name: str, anchor: str) -> bool:
    """Whether git has a file or folder of this name, with a heading for the anchor, if any."""
    if anchor:
        return name in repository_files() and Counter(anchors(ROOT / name))[anchor] == 1
    folder = f"{name.rstrip('/')}/"
    return name in repository_files() or any(one.startswith(folder) for one in repository_files())


def test_pages_that_other_files_mention_are_there():
    wrong = [
        f"{name}: {mention}"
        for name in sorted(repository_files())
        if name.endswith((".py", ".toml", ".html", ".sh", "Makefile", "run"))
        for mention in _MENTION.findall((ROOT / name).read_text(encoding="utf-8"))
        if not name.startswith("tests/docs/") and not _is_there(*_parted(mention))
    ]
    assert wrong == []


def _parted(mention: str) -> tuple[str, str]:
    name, _, anchor = mention.partition("#")
    return name, anchor


@pytest.mark.parametrize(
    ("link", "so"),
    [
        ("../README.md", True),
        ("../engine", True),
        ("codec.md#what-is-trained", True),
        ("codec.md#what-is-not", False),
        ("Codec.md", False),
        ("../build", False),
        ("https://example.org", False),
    ],
)
def test_a_link_is_looked_up_by_git_s_names_and_the_page_s_headings(link, so):
    assert _leads_somewhere(link, ROOT / "docs/architecture.md") == so


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_at_most_300_lines(name):
    assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) <= 300
