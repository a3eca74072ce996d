"""What a layout makes of a file, before anything is decoded."""

import posixpath

from attrs import Factory, field, frozen

from engine.corpus.table.manifest import Listed


@frozen(kw_only=True)
class Candidate:
    """A file, or a part of one, that should be a clip."""

    path: str
    """Relative to the corpus folder, with slashes."""
    id: str = field(
        default=Factory(lambda self: without_suffix(self.path), takes_self=True),
    )
    """Unique in a corpus, and never a way out of its folder."""
    start_seconds: float = 0.0
    seconds: float | None = None
    """None: to the file's end."""
    channel: int | None = None
    """None: the mean of all."""
    speaker: str | None = None
    language: str | None = None
    text: str | None = None
    label: str | None = None
    listed: Listed | None = None


def without_suffix(path: str) -> str:
    """A path without its last suffix."""
    return posixpath.splitext(path)[0]


def folder_of(path: str) -> str | None:
    """The folder a file lies in, by its path inside the corpus; None at the top."""
    return path.rpartition("/")[0] or None
