"""Where published files come from: an address of the web, or a folder of this machine."""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import BinaryIO, Protocol
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from attrs import frozen

from engine.errors import UserError

_SECONDS = 60
"""Of silence, after which a connection counts as cut."""
_BUSY = 429
_NO_SUCH_PART = 416
_FAULTS_OF_SERVERS = 500


class CutError(Exception):
    """The connection ended, or did not come about: trying again may help."""


@frozen
class Remote:
    """What is known of a file where it comes from."""

    address: str
    version: str
    """Changes with the content, as far as the place says: an ETag or a date; else empty."""
    size: int | None
    """Bytes in all; None where a server does not say."""


@frozen
class Opened:
    """A file, open for reading from the byte `start` on."""

    remote: Remote
    start: int
    _stream: BinaryIO | HTTPResponse

    def read(self, num_bytes: int) -> bytes:
        """Some bytes more, none at the end. Raises CutError where the connection is gone."""
        with _cuts_named(self.remote.address):
            return self._stream.read(num_bytes)


class Source(Protocol):
    """Where the files of a model come from."""

    def look(self, name: str) -> Remote:
        """What is known of a file. Raises what `open` raises."""
        ...

    def open(self, name: str, start: int = 0, version: str = "") -> AbstractContextManager[Opened]:
        """Open a file from byte `start` on, or from its beginning.

        The latter where parts cannot be had, or the file is no longer `version`. Raises UserError
        where there is no such file, CutError where nobody answers.
        """
        ...


def source_at(place: str) -> Source:
    """The source that an address or the path of a folder names. Raises UserError for neither."""
    if re.match("https?://", place):
        return Web(place.rstrip("/"))
    if "://" in place or not Path(place).is_dir():
        raise UserError(
            f"{place!r} is no folder, and no address that begins with https:// or http://."
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
            raise UserError(f"There is no {name} in {self.folder}.")
        status = path.stat()
        return Remote(str(path), f"{status.st_mtime_ns}", status.st_size)

    @contextmanager
    def open(self, name: str, start: int = 0, version: str = "") -> Iterator[Opened]:
        """See `Source.open`."""
        remote = self.look(name)
        start = start if version == remote.version else 0
        with _cuts_named(remote.address):
            stream = Path(remote.address).open("rb")  # noqa: SIM115
        with stream:
            stream.seek(start)
            yield Opened(remote, start, stream)


@frozen
class Web:
    """A folder of a web server, mirrors and redirections included."""

    address: str

    def look(self, name: str) -> Remote:
        """See `Source.look`."""
        address = f"{self.address}/{name}"
        with _ask(Request(address, method="HEAD")) as answer:
            return Remote(address, _version(answer), _extent(answer)[1])

    @contextmanager
    def open(self, name: str, start: int = 0, version: str = "") -> Iterator[Opened]:
        """See `Source.open`."""
        address = f"{self.address}/{name}"
        request = Request(address)
        if start:
            request.add_header("Range", f"bytes={start}-")
            if version:
                request.add_header("If-Range", version)
        with _ask(request) as answer:
            begin, size = _extent(answer)
            yield Opened(Remote(address, _version(answer), size), begin, answer)


def _ask(request: Request) -> HTTPResponse:
    """Send a request. Raises CutError where trying again may help, else UserError."""
    address = request.full_url
    request.add_header("User-Agent", "cantus")
    # A server that compresses on the way would count the parts in compressed bytes.
    request.add_header("Accept-Encoding", "identity")
    try:
        with _cuts_named(address):
            answer: HTTPResponse = urlopen(request, timeout=_SECONDS)
            return answer
    except HTTPError as error:
        error.close()
        if error.code == _NO_SUCH_PART:
            return _ask(Request(address))
        if error.code == _BUSY or error.code >= _FAULTS_OF_SERVERS:
            raise CutError(f"{address} answers {error.code} ({error.reason})") from error
        raise UserError(
            f"{address} answers {error.code} ({error.reason}): the file cannot be had there. "
            "Name another place with --from: the address of a mirror, or a folder."
        ) from error


@contextmanager
def _cuts_named(address: str) -> Iterator[None]:
    """Inside, what befalls a connection becomes CutError; an answer that refuses stays."""
    try:
        yield
    except HTTPError:
        raise
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", None) or str(error) or type(error).__name__
        raise CutError(f"{address} cannot be read: {reason}") from error


def _extent(answer: HTTPResponse) -> tuple[int, int | None]:
    """The first byte of an answer and the size of the whole file, as its headers say."""
    if answer.status == 206:
        part = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
        if part is None:
            raise CutError(f"{answer.url} sends a part without saying which")
        return int(part[1]), None if part[2] == "*" else int(part[2])
    length = answer.headers.get("Content-Length", "")
    return 0, int(length) if length.isdecimal() else None


def _version(answer: HTTPResponse) -> str:
    """What `If-Range` takes (RFC 9110, 13.1.5): a strong ETag, or a date; else empty."""
    tag = str(answer.headers.get("ETag", ""))
    return tag if tag.startswith('"') else str(answer.headers.get("Last-Modified", ""))
