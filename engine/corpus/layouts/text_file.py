"""The words of a file that holds the text of one clip."""

import re
from pathlib import Path

from attrs import frozen

from engine.corpus.layouts.column_names import NAMES
from engine.corpus.layouts.facts import Facts
from engine.corpus.layouts.json_objects import read_objects
from engine.errors import UserError

SUFFIXES = (".normalized.txt", ".txt", ".lab", ".json", ".original.txt")
"""In the order in which they are preferred."""

_MOST_BYTES = 64 << 10
_TIMIT = re.compile(r"0 \d{3,} (?=\D)")
_TIMES = re.compile(r"\d+(\.\d+)?\s+\d+(\.\d+)?\s+\S")


@frozen(kw_only=True)
class ClipText:
    """What a text file says of its clip; no text where it is empty."""

    text: str | None
    speaker: str | None = None
    language: str | None = None


class NoTextError(Exception):
    """A file that holds no text of a clip: what it is, in the plural, and what to do."""

    def __init__(self, what: str, to_do: str = "") -> None:
        super().__init__(what)
        self.what, self.to_do = what, to_do


def read_text(path: Path) -> ClipText:
    """The words of a text file, its lines joined, or of a JSON object. Raises NoTextError.

    TIMIT's `0 46797 She had ...` are the words of that stretch; label files with times are not
    transcripts.
    """
    if path.suffix.lower() == ".json":
        return _of_object(path)
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        lines = content.decode("utf-8-sig").strip().splitlines()
    except UnicodeDecodeError as error:
        raise NoTextError("texts of clips that are not UTF-8", "Save them as UTF-8") from error
    except OSError as error:
        raise NoTextError(f"texts of clips that cannot be read ({error.strerror})") from error
    if len(content) > _MOST_BYTES:
        raise NoTextError("texts beside clips that are too long to be theirs")
    if len(lines) == 1 and path.suffix.lower() == ".txt":
        lines = [_TIMIT.sub("", lines[0], count=1)]
    text = " ".join(" ".join(lines).split())
    if _TIMES.match(text):
        raise NoTextError("label files with times, which are no texts")
    return ClipText(text=text or None)


def _of_object(path: Path) -> ClipText:
    try:
        _, values = next(read_objects(path, at_most=_MOST_BYTES), (1, {}))
        facts = Facts(values, path.name)
        text = facts.words(*NAMES["text"])
        speaker, language = facts.words(*NAMES["speaker"]), facts.words(*NAMES["language"])
    except UserError as error:
        raise NoTextError("JSON files beside clips that cannot be read") from error
    if text is None:
        raise NoTextError("JSON files beside clips that hold no text")
    return ClipText(text=text, speaker=speaker, language=language)
