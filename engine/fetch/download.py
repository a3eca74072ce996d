"""One file, brought whole or not at all: what has arrived of it is kept and continued."""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from attrs import asdict, frozen

from engine.errors import UserError
from engine.fetch.source import CutError, Opened, Remote, Source
from engine.files.atomic import sync, write_atomically
from engine.files.checksum import sha256_of
from engine.files.disk import in_words
from engine.files.untrusted import read_json_object

Progress = Callable[[int, int | None], None]
"""Called with the bytes of a file that are there, and with its size where that is known."""

PAUSE_SECONDS = 1.0
_ATTEMPTS = 5
"""That bring nothing, one after the other."""
_CHUNK = 1 << 16


@frozen
class Partial:
    """What has arrived of a file, beside the place where it belongs, and of which file it is."""

    target: Path

    @property
    def path(self) -> Path:
        """The bytes, from the first on."""
        return self.target.with_name(f"{self.target.name}.partial")

    @property
    def size(self) -> int:
        """Bytes that have arrived."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def remote(self) -> Remote | None:
        """What the bytes are of; None where there are none, or nobody can say."""
        with suppress(UserError, KeyError):
            facts = read_json_object(self._facts)
            return Remote(facts["address"], facts["version"], facts["size"])
        return None

    def begin(self, remote: Remote) -> None:
        """Start anew: no bytes yet, of this file."""
        self.drop()
        write_atomically(self._facts, json.dumps(asdict(remote)))
        self.path.touch()

    def finish(self) -> None:
        """Put the bytes in their place, on the disk before they are there."""
        sync(self.path)
        self.path.replace(self.target)
        sync(self.target.parent)
        self._facts.unlink(missing_ok=True)

    def drop(self) -> None:
        """Forget what has arrived."""
        self.path.unlink(missing_ok=True)
        self._facts.unlink(missing_ok=True)

    @property
    def _facts(self) -> Path:
        return self.target.with_name(f"{self.target.name}.partial.json")


def download(source: Source, name: str, target: Path, sha256: str | None, done: Progress) -> str:
    """Bring a file beside its target, where `Partial(target).finish()` takes it from.

    Returns its SHA-256. An earlier attempt is continued if the file there is still the same; a cut
    connection is taken up again. Raises UserError where that brings nothing any more (what has
    arrived stays), where there is no such file, and where the digest is not `sha256`: what arrived
    is deleted then.
    """
    partial = Partial(target)
    _complete(source, name, partial, done)
    found = sha256_of(partial.path)
    if sha256 is not None and found != sha256:
        partial.drop()
        raise UserError(
            f"What arrived as {name} is another file than expected: its SHA-256 is {found}, "
            f"instead of {sha256}. It was deleted, and nothing was replaced. Give the same command "
            "again, or name another place with --from."
        )
    return found


def _complete(source: Source, name: str, partial: Partial, done: Progress) -> None:
    fruitless = 0
    while True:
        before = partial.size
        try:
            _continue(source, name, partial, done)
        except CutError as error:
            fruitless = 0 if partial.size > before else fruitless + 1
            if fruitless == _ATTEMPTS:
                raise UserError(
                    f"{error}. {in_words(partial.size)} of {name} have arrived and are kept: give "
                    "the same command again later."
                ) from error
            time.sleep(PAUSE_SECONDS * (fruitless + 1))
        else:
            return


def _continue(source: Source, name: str, partial: Partial, done: Progress) -> None:
    """Append what is missing. Raises CutError where it ends too early."""
    known = partial.remote()
    if known is None:
        partial.drop()
    elif known.size is not None and partial.size == known.size:
        return  # a kill came between the last byte and the file's place
    start = partial.size
    with source.open(name, start, known.version if known else "") as opened:
        if opened.remote == known and opened.start == start:
            _append(opened, partial, done)
            return
        if opened.start == 0:
            partial.begin(opened.remote)
            _append(opened, partial, done)
            return
    partial.drop()  # the middle of another file
    raise CutError(f"{name} has changed where it comes from")


def _append(opened: Opened, partial: Partial, done: Progress) -> None:
    size, have = opened.remote.size, opened.start
    with partial.path.open("ab") as file:
        done(have, size)
        while chunk := opened.read(_CHUNK):
            file.write(chunk)
            have += len(chunk)
            done(have, size)
    if size is not None and have != size:
        raise CutError(f"{opened.remote.address} ended after {have:,} of {size:,} bytes")
