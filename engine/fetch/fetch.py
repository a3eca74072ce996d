"""Published weights put in place: what is there is checked, what is missing is brought."""

from collections.abc import Callable, Sequence
from pathlib import Path

from engine.errors import UserError
from engine.fetch.catalogue import Entry, PublishedFile
from engine.fetch.checksums import CHECKSUMS, expected_sha256, remember
from engine.fetch.download import Partial, download
from engine.fetch.parts import parts_named
from engine.fetch.source import MissingError, Progress, Remote, Source
from engine.files.checksum import sha256_of
from engine.files.disk import in_words, require_space
from engine.files.lock import locked

Report = Callable[[str], None]
"""Takes a sentence for the user."""


def fetch(
    entry: Entry, folder: Path, source: Source, report: Report, progress: Callable[[str], Progress]
) -> None:
    """Put the files of a published model into a folder, each whole or not at all.

    What is there already is held to its digest and not brought again; with nothing missing,
    nobody is asked for anything. `progress` gives the bar of a file by its name. Raises UserError,
    with everything that is in place as it was, where a file is not what it should be, cannot be
    had, or has no room.
    """
    with locked(folder, f"Another process is fetching into {folder}: wait for it."):
        brought = _bring_missing(entry, entry.files, folder, source, report, progress)
        parts = parts_named(entry, folder)
        brought += _bring_missing(entry, parts, folder, source, report, progress)
        if not brought:
            number = len([one for one in entry.files if (folder / one.name).is_file()]) + len(parts)
            report(f"{folder}: all {number} files are in place and unchanged.")


def _bring_missing(
    entry: Entry,
    files: Sequence[PublishedFile],
    folder: Path,
    source: Source,
    report: Report,
    progress: Callable[[str], Progress],
) -> int:
    """Bring those of the files that are not in place; how many these were."""
    missing = [file for file in files if not _is_in_place(file, folder, report)]
    if all(file.optional for file in missing) and _has_one_of(entry, folder):
        return 0
    # Every file is asked for first: one that is not there shows before anything is brought.
    looked = [(file, _look(file, source, report)) for file in missing]
    found = [(file, Partial(folder / file.name, remote)) for file, remote in looked if remote]
    _require_one_of(entry, folder, [file.name for file, _ in found])
    require_space(folder, sum(partial.num_missing for _, partial in found))
    for file, partial in found:
        _bring(file, partial, source, report, progress(file.name))
    return len(found)


def _look(file: PublishedFile, source: Source, report: Report) -> Remote | None:
    """The remote file; None where an optional file does not exist."""
    try:
        return source.look(file.name)
    except MissingError:
        if not file.optional:
            raise
    report(f"{file.name} is not there, and can be done without.")
    return None


def _has_one_of(entry: Entry, folder: Path) -> bool:
    return not entry.one_of or any((folder / name).is_file() for name in entry.one_of)


def _require_one_of(entry: Entry, folder: Path, found: Sequence[str]) -> None:
    """Raise UserError where the place has no weights in any of the forms that there are."""
    if not _has_one_of(entry, folder) and not set(found) & set(entry.one_of):
        raise UserError(
            f"There is neither {' nor '.join(entry.one_of)}: the weights of {entry.name} cannot be "
            "had there. Name another place with --from: a repository, an address, or a folder."
        )


def _is_in_place(file: PublishedFile, folder: Path, report: Report) -> bool:
    """Whether a file is there. Raises UserError where it is not the one that should be."""
    path = folder / file.name
    if not path.is_file():
        return False
    wanted, found = expected_sha256(file, folder), sha256_of(path)
    if wanted is None:
        remember(file.name, found, folder)
        report(f"{path} was there already, and is {_trusted(found)}")
    elif found != wanted:
        raise UserError(
            f"{path} is not the file that was published or fetched: its SHA-256 is {found}, "
            f"instead of {wanted}. Move it away and give the same command again to fetch it again."
        )
    return True


def _bring(
    file: PublishedFile, partial: Partial, source: Source, report: Report, progress: Progress
) -> None:
    path = partial.target
    wanted = expected_sha256(file, path.parent)
    found = download(source, partial, wanted, progress)
    if wanted is None:
        # Before the file is in its place: after a kill between the two it is still held to it.
        remember(file.name, found, path.parent)
    partial.finish()
    said = f"{_trusted(found)}" if wanted is None else f"its SHA-256 is the known one, {found}"
    report(f"{path}: {in_words(path.stat().st_size)}, {said}")


def _trusted(sha256: str) -> str:
    return (
        f"trusted on first use: no digest of it was known. From now on it is held to SHA-256 "
        f"{sha256} ({CHECKSUMS})."
    )
