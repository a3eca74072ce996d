"""The licence of Asterisk's recordings, from the files `copyright` of their packages.

Source: Debian's machine-readable debian/copyright file, 1.0. Paragraphs of `Key: value` lie between
blank lines; lines that begin with a blank go on.
"""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path

from engine.corpus.layouts.lines import read_text_lines
from engine.corpus.licence import Licence
from engine.errors import UserError

_KEY = re.compile(r"([A-Za-z-]+):\s*(.*)")


def licence_of(files: Mapping[str, Path]) -> Licence:
    """The licence of recordings, by the file `copyright` of each language.

    Raises UserError where one does not say it.
    """
    said = {language: _paragraph(language, path) for language, path in files.items()}
    rights = (f"{one['Copyright']} ({language})" for language, one in said.items())
    return Licence(
        licence=" AND ".join(dict.fromkeys(one["License"] for one in said.values())),
        attribution=f"Asterisk's core sounds, copyright {'; '.join(rights)}",
        source="; ".join(dict.fromkeys(map(_source, files.values()))),
    )


def _paragraph(language: str, path: Path) -> Mapping[str, str]:
    """The licence paragraph of the files of one language: that of the last pattern that fits."""
    fitting = [
        one
        for one in _paragraphs(path)
        if any(fnmatch(f"{language}-", pattern) for pattern in one.get("Files", "").split())
    ]
    if not fitting or not {"License", "Copyright"} <= fitting[-1].keys():
        raise UserError(
            f"{path} does not say under which licence the recordings of {language} are. Unpack "
            "its package again."
        )
    return fitting[-1]


def _source(path: Path) -> str:
    """The package, and where its authors have the recordings from."""
    origin = next(_paragraphs(path), {}).get("Source")
    return f"Debian package {path.parent.name}" + (f", of {origin}" if origin else "")


def _paragraphs(path: Path) -> Iterator[Mapping[str, str]]:
    found: dict[str, str] = {}
    key = ""
    for _, line in (*read_text_lines(path), (0, "")):
        match = _KEY.match(line)
        if not line.strip():
            if found:
                yield found
            found, key = {}, ""
        elif match:
            key = match[1]
            found[key] = match[2].strip()
        elif key:
            found[key] = f"{found[key]} {line.strip()}".strip()
