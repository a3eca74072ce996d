"""What a layout finds in a folder, before anything is decoded."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from attrs import Factory, evolve, field, frozen

from engine.corpus.manifest import Listed, Quarantined

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
    """Files that a list of the corpus names and that are not there."""
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
    """The files of a folder, sorted by path: those that claim to be audio, and how many others."""

    audio: tuple[str, ...]
    num_others: int


def find_files(folder: Path) -> Found:
    """Look through `folder` at any depth. Links to folders are not followed.

    A file is audio where its suffix or its first bytes say so; hidden files and folders never are.
    """
    audio, num_others = [], 0
    for inside in walk(folder):
        if not is_hidden(inside) and claims_audio(folder / inside):
            audio.append(inside.as_posix())
        else:
            num_others += 1
    return Found(audio=tuple(sorted(audio)), num_others=num_others)


def claims_audio(path: Path) -> bool:
    """Whether a file's suffix or first bytes say that it is audio."""
    if path.suffix.lower() in AUDIO_SUFFIXES:
        return True
    with path.open("rb") as file:
        return file.read(8).startswith(_FIRST_BYTES)


def is_hidden(inside: Path) -> bool:
    """Whether a path inside a corpus folder is hidden: it, or a folder on the way, has a dot."""
    return any(part.startswith(".") for part in inside.parts)


def walk(folder: Path) -> Iterator[Path]:
    """Every file below a folder, by its path inside. Links to folders are not followed."""
    for parent, _, names in os.walk(folder):
        paths = (Path(parent, name) for name in names)
        yield from (path.relative_to(folder) for path in paths if path.is_file())
