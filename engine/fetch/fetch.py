"""Published weights put in place: what is there is checked, what is missing is brought."""

from collections.abc import Callable
from pathlib import Path

from engine.errors import UserError
from engine.fetch.catalogue import Entry, PublishedFile
from engine.fetch.checksums import CHECKSUMS, expected_sha256, remember
from engine.fetch.download import Partial, download
from engine.fetch.source import Progress, Source
from engine.files.checksum import sha256_of
from engine.files.disk import in_words, require_space
from engine.files.lock import locked

Tell = Callable[[str], None]
"""Takes a sentence for the user."""


def fetch(
    entry: Entry, folder: Path, source: Source, tell: Tell, progress: Callable[[str], Progress]
) -> None:
    """Put the files of a published model into a folder, each whole or not at all.

    What is there already is held to its digest and not brought again; with nothing missing,
    nobody is asked for anything. `progress` gives the bar of a file by its name. Raises UserError,
    with everything that is in place as it was, where a file is not what it should be, cannot be
    had, or has no room.
    """
    with locked(folder, f"Another process is fetching into {folder}: wait for it."):
        missing = [file for file in entry.files if not _is_in_place(file, folder, tell)]
        if not missing:
            tell(f"{folder}: all {len(entry.files)} files are in place and unchanged.")
            return
        # Every file is asked for first: one that is not there shows before anything is brought.
        found = [Partial(folder / file.name, source.look(file.name)) for file in missing]
        require_space(folder, sum(partial.num_missing for partial in found))
        for file, partial in zip(missing, found, strict=True):
            _bring(file, partial, source, tell, progress(file.name))


def _is_in_place(file: PublishedFile, folder: Path, tell: Tell) -> bool:
    """Whether a file is there. Raises UserError where it is not the one that should be."""
    path = folder / file.name
    if not path.is_file():
        return False
    wanted, found = expected_sha256(file, folder), sha256_of(path)
    if wanted is None:
        remember(file.name, found, folder)
        tell(f"{path} was there already, and is {_trusted(found)}")
    elif found != wanted:
        raise UserError(
            f"{path} is not the file that was published or fetched: its SHA-256 is {found}, "
            f"instead of {wanted}. Move it away and give the same command again to fetch it anew."
        )
    return True


def _bring(
    file: PublishedFile, partial: Partial, source: Source, tell: Tell, progress: Progress
) -> None:
    path = partial.target
    wanted = expected_sha256(file, path.parent)
    found = download(source, partial, wanted, progress)
    if wanted is None:
        # Before the file is in its place: after a kill between the two it is still held to it.
        remember(file.name, found, path.parent)
    partial.finish()
    said = f"{_trusted(found)}" if wanted is None else f"its SHA-256 is the known one, {found}"
    tell(f"{path}: {in_words(path.stat().st_size)}, {said}")


def _trusted(sha256: str) -> str:
    return (
        f"trusted on first use: no digest of it was known. From now on it is held to SHA-256 "
        f"{sha256} ({CHECKSUMS})."
    )
