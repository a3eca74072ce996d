"""What a layout finds in a folder, before anything is decoded."""

import errno
import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NoReturn

from attrs import Factory, evolve, field, frozen

from engine.corpus.manifest import Listed, Quarantined
from engine.errors import UserError

AUDIO_SUFFIXES = frozenset(
    [
        ".aac",
        ".aif",
        ".aifc",
        ".aiff",
        ".au",
        ".caf",
        ".flac",
        ".m4a",
        ".mp3",
        ".mp4",
        ".oga",
        ".ogg",
        ".opus",
        ".rf64",
        ".snd",
        ".sph",
        ".w64",
        ".wav",
        ".wave",
        ".webm",
        ".wma",
        ".wv",
    ]
)

_FIRST_BYTES = (b"RIFF", b"RIFX", b"RF64", b"fLaC", b"OggS", b"FORM", b"ID3", b"caff", b"NIST_1A")


@frozen(kw_only=True)
class Candidate:
    """A file that should be a clip. `path` is relative to the corpus folder, with slashes."""

    path: str
    id: str = field(
        default=Factory(lambda self: str(PurePosixPath(self.path).with_suffix("")), takes_self=True)
    )
    """The path without its suffix, or with it where files differ in nothing else."""
    speaker: str | None = None
    language: str | None = None
    text: str | None = None
    label: str | None = None
    listed: Listed | None = None


@frozen(kw_only=True)
class Listing:
    """All files of a folder, as one layout reads it: candidates sorted by path, and the rest."""

    layout: str
    candidates: tuple[Candidate, ...]
    missing: tuple[Quarantined, ...] = ()
    """Files that a list of the corpus names and that are not there, and those nobody can read."""
    num_other_files: int = 0
    """Texts, lists, hidden files and background noise: no clips, and no fault."""

    def with_distinct_ids(self) -> "Listing":
        """The same, where candidates that differ only in their suffix keep it in their ids."""
        uses = Counter(one.id for one in self.candidates)
        distinct = (
            evolve(one, id=one.path) if uses[one.id] > 1 else one for one in self.candidates
        )
        return evolve(self, candidates=tuple(distinct))


@frozen(kw_only=True)
class Found:
    """The files of a folder, sorted by path: audio, unreadable, and how many others."""

    audio: tuple[str, ...]
    unreadable: tuple[Quarantined, ...]
    """Broken links and files that may not be opened, whatever they would have been."""
    num_others: int


def find_files(folder: Path) -> Found:
    """Look through `folder` at any depth. Links to folders are not followed.

    A file is audio where its suffix or its first bytes say so; hidden files and folders never are.
    Raises UserError where a folder cannot be read.
    """
    audio, unreadable, num_others = [], [], 0
    for inside in _entries(folder):
        try:
            if not is_hidden(inside) and claims_audio(folder / inside):
                audio.append(inside.as_posix())
            else:
                num_others += 1
        except OSError as error:
            unreadable.append(_unreadable(folder, inside, error))
    return Found(
        audio=tuple(sorted(audio)),
        unreadable=tuple(sorted(unreadable, key=lambda one: one.path)),
        num_others=num_others,
    )


def claims_audio(path: Path) -> bool:
    """Whether a file's suffix or first bytes say that it is audio.

    Raises OSError where it cannot be read. Pipes and devices are never audio, and never opened.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        return False
    with path.open("rb", buffering=0) as file:
        return path.suffix.lower() in AUDIO_SUFFIXES or file.read(8).startswith(_FIRST_BYTES)


def is_hidden(inside: Path) -> bool:
    """Whether a path inside a corpus folder is hidden: it, or a folder on the way, has a dot."""
    return any(part.startswith(".") for part in inside.parts)


def walk(folder: Path) -> Iterator[Path]:
    """Every file below a folder, by its path inside. Links to folders are not followed.

    Broken links are left out. Raises UserError where a folder cannot be read.
    """
    return (inside for inside in _entries(folder) if (folder / inside).is_file())


def _entries(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder, onerror=_refuse):
        if names and not os.access(parent, os.X_OK):
            _refuse(PermissionError(errno.EACCES, os.strerror(errno.EACCES), parent))
        yield from (Path(parent, name).relative_to(folder) for name in names)


def _refuse(error: OSError) -> NoReturn:
    raise UserError(
        f"The folder {error.filename} cannot be read: {error.strerror}. Make it readable, or take "
        "it out."
    ) from error


def _unreadable(folder: Path, inside: Path, error: OSError) -> Quarantined:
    path = folder / inside
    said = error.strerror or str(error)
    detail = f"a link to {path.readlink()}: {said}" if path.is_symlink() else said
    return Quarantined(path=inside.as_posix(), reason="unreadable", detail=detail)
