"""Where published files come from: a repository of the hub, an address of the web, or a folder."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Protocol

from attrs import frozen

from engine.errors import UserError

Progress = Callable[[int, int | None], None]
"""Called with the bytes of a file that are there, and with its size where that is known."""

_CHUNK = 1 << 20


class SpoiledError(UserError):
    """Raised where the downloaded part of a file is of no use and cannot be continued."""


class MissingError(UserError):
    """A place that answers has no such file."""


@frozen
class Remote:
    """Facts about a file at its source."""

    address: str
    version: str
    """Changes with the content, as far as the place says; else empty."""
    size: int | None
    """Bytes in all; None where a server does not say."""


class Source(Protocol):
    """Where the files of a model come from."""

    def look(self, name: str) -> Remote:
        """Facts about a file. Raises MissingError where there is no such file.

        Raises UserError where nobody answers.
        """
        ...

    def append(self, remote: Remote, start: int, file: BinaryIO, done: Progress) -> None:
        """Write a file's bytes from `start` on to the end of `file`, which holds those before.

        A place that gives no parts is asked for the whole, which replaces what was there. Raises
        UserError where it ends too early.
        """
        ...


def source_at(place: str) -> Source:
    """The source that is named: `hf://owner/name[/folder][@revision]`, an address, or a folder.

    Raises UserError for none of these.
    """
    if named := re.fullmatch(r"hf://([\w.-]+/[\w.-]+)((?:/[\w.-]+)*)(?:@([\w./-]+))?", place):
        from engine.fetch.web import Hub  # imported late: it takes half a second

        return Hub(named[1], named[3] or "main", named[2].lstrip("/"))
    if re.match("https?://", place):
        from engine.fetch.web import Web

        return Web(place.rstrip("/"))
    if "://" in place or not Path(place).is_dir():
        raise UserError(
            f"{place!r} is no folder, and no address that begins with https:// or http:// or reads "
            "hf://owner/name."
        )
    return Folder(Path(place))


@frozen
class Folder:
    """A folder of this machine, or one that is mounted there."""

    folder: Path

    def look(self, name: str) -> Remote:
        """See `Source.look`."""
        path = self.folder / name
        if not path.is_file():
            raise MissingError(f"There is no {name} in {self.folder}.")
        status = path.stat()
        return Remote(str(path), f"{status.st_mtime_ns}", status.st_size)

    def append(self, remote: Remote, start: int, file: BinaryIO, done: Progress) -> None:
        """See `Source.append`."""
        with Path(remote.address).open("rb") as stream:
            stream.seek(start)
            done(start, remote.size)
            while chunk := stream.read(_CHUNK):
                file.write(chunk)
                done(file.tell(), remote.size)
