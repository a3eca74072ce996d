"""A hook of MkDocs: a file or folder of the repository that a page links to is a page of the site.

So a link such as `../recipes/audio_vae.toml` leads somewhere both on a code host and on the site,
which knows no host. Markdown is shown as a page, a folder as a list, any other text as it is.
"""

import os
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
_BELOW = "repository"
_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)\s#]+)(?=[)#])")
_LANGUAGES = {".py": "python", ".toml": "toml", ".json": "json", ".sh": "sh", ".yaml": "yaml"}
_LARGEST = 100_000


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for everything in the repository that a page of docs/ links to, and so on."""
    waiting = [page.src_uri for page in files.documentation_pages()]
    seen: set[str] = set()
    while waiting:
        uri = waiting.pop()
        for name in _linked(uri, files):
            if name not in seen:
                seen.add(name)
                added = File.generated(config, _uri(name), content=_content(name))
                files.append(added)
                waiting.append(added.src_uri)
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Let links to the repository lead to those pages."""
    return _LINK.sub(lambda link: _rewritten(link[1], page.file.src_uri), markdown)


def _linked(uri: str, files: Files) -> Iterator[str]:
    file = files.get_file_from_path(uri)
    for target in _LINK.findall(file.content_string if file else ""):
        if name := _name(target, uri):
            yield name


def _rewritten(target: str, uri: str) -> str:
    name = _name(target, uri)
    if name is None:
        return _inside(target, uri)
    return posixpath.relpath(_uri(name), posixpath.dirname(uri) or ".")


def _name(target: str, uri: str) -> str | None:
    """The path from the root of what a page links to; None for what docs/ holds itself."""
    name = posixpath.normpath(posixpath.join(posixpath.dirname(_source(uri)), target))
    inside = name.startswith(("docs/", "../")) and (ROOT / name).is_file()
    return name if not inside and (ROOT / name).exists() else None


def _inside(target: str, uri: str) -> str:
    """A link to docs/ from a page that lies outside of it."""
    if not uri.startswith(f"{_BELOW}/"):
        return target
    name = posixpath.normpath(posixpath.join(posixpath.dirname(_source(uri)), target))
    return posixpath.relpath(name.removeprefix("docs/"), posixpath.dirname(uri))


def _source(uri: str) -> str:
    """Where a page of the site lies in the repository."""
    if not uri.startswith(f"{_BELOW}/"):
        return f"docs/{uri}"
    name = uri.removeprefix(f"{_BELOW}/")
    return name if (ROOT / name).is_file() else name.removesuffix(".md")


def _uri(name: str) -> str:
    """Where the site shows a file or folder."""
    return f"{_BELOW}/{name}{'' if name.endswith('.md') else '.md'}"


def _content(name: str) -> str:
    path = ROOT / name
    if path.is_dir():
        entries = sorted(f"{one.name}{'/' if one.is_dir() else ''}" for one in path.iterdir())
        shown = [one for one in entries if not one.startswith((".", "__pycache__"))]
        return _unsearched(name, "\n".join(f"- `{one}`" for one in shown))
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return text
    if len(text) > _LARGEST:
        text = f"{text[:_LARGEST]}\n(and so on: {len(text):,} characters)\n"
    return _unsearched(name, f"``````{_LANGUAGES.get(path.suffix, 'text')}\n{text}``````")


def _unsearched(name: str, body: str) -> str:
    return f"---\nsearch: {{exclude: true}}\n---\n# {os.fspath(name)}\n\n{body}\n"
