"""One file, brought whole or not at all: what has arrived of it is kept and continued."""

from pathlib import Path

from attrs import frozen

from engine.errors import UserError
from engine.fetch.source import Progress, Remote, Source, SpoiledError
from engine.files.atomic import sync
from engine.files.checksum import digest_of, sha256_of
from engine.files.disk import in_words


@frozen
class Partial:
    """The downloaded part of a file, beside the place where it belongs.

    Its name says of which content: bytes of another version are never continued.
    """

    target: Path
    remote: Remote

    @property
    def path(self) -> Path:
        """The bytes, from the first on."""
        content = [self.remote.version or self.remote.address, self.remote.size]
        return self.target.with_name(f"{self.target.name}.{digest_of(content)[:16]}.partial")

    @property
    def size(self) -> int:
        """Bytes that have arrived and can be continued."""
        if not self.path.is_file() or (not self.remote.version and self.remote.size is None):
            return 0
        size = self.path.stat().st_size
        return size if self.remote.size is None or size <= self.remote.size else 0

    @property
    def num_missing(self) -> int:
        """Bytes still to come, as far as the place says."""
        return (self.remote.size or self.size) - self.size

    def finish(self) -> None:
        """Put the bytes in their place, on the disk before they are there."""
        sync(self.path)
        self.path.replace(self.target)
        sync(self.target.parent)

    def drop_others(self) -> None:
        """Forget what has arrived of other versions, and what cannot be continued."""
        for path in self.target.parent.glob(f"{self.target.name}.*partial"):
            if path != self.path or not self.size:
                path.unlink()


def download(source: Source, partial: Partial, sha256: str | None, done: Progress) -> str:
    """Bring a file beside its target, where `Partial.finish` takes it from; return its SHA-256.

    An earlier attempt is continued if the file there is still the same. Raises UserError where
    that brings nothing any more (what has arrived stays), and where the digest is not `sha256`:
    what arrived is deleted then.
    """
    name = partial.target.name
    partial.drop_others()
    try:
        with partial.path.open("ab") as file:
            source.append(partial.remote, partial.size, file, done)
    except SpoiledError as error:
        partial.path.unlink()
        raise UserError(f"{error} What had arrived of {name} was deleted.") from error
    except UserError as error:
        if not partial.size:
            partial.path.unlink()
            raise
        raise UserError(
            f"{error} {in_words(partial.size)} of {name} have arrived and are kept: the same "
            "command goes on with them."
        ) from error
    if partial.remote.size is None and not partial.path.stat().st_size:
        partial.path.unlink()
        raise UserError(f"{partial.remote.address} sent nothing. Name another place with --from.")
    found = sha256_of(partial.path)
    if sha256 not in (None, found):
        partial.path.unlink()
        raise UserError(
            f"What arrived as {name} is another file than expected: its SHA-256 is {found}, "
            f"instead of {sha256}. It was deleted, and nothing was replaced. Give the same command "
            "again, or name another place with --from."
        )
    return found
