"""The digests that fetched files are held to: `checksums.toml`, beside them."""

from pathlib import Path

import tomli
import tomli_w

from engine.fetch.catalogue import PublishedFile
from engine.files.atomic import write_atomically
from engine.files.untrusted import as_user_error

CHECKSUMS = "checksums.toml"
_HEAD = "# SHA-256 of each file, as it was when it was first trusted.\n"


def expected_sha256(file: PublishedFile, folder: Path) -> str | None:
    """The SHA-256 that a file has to have: the catalogue's, else that of the one trusted first.

    None where nobody knows. Raises UserError where checksums.toml is damaged.
    """
    return file.sha256 or _read(folder).get(file.name)


def remember(name: str, sha256: str, folder: Path) -> None:
    """Hold a file to this digest from now on."""
    digests = {**_read(folder), name: sha256}
    write_atomically(folder / CHECKSUMS, _HEAD + tomli_w.dumps(digests))


def _read(folder: Path) -> dict[str, str]:
    path = folder / CHECKSUMS
    if not path.is_file():
        return {}
    sentence = f"{path} is damaged. Delete it to trust the files that are there as they are."
    with as_user_error(sentence, OSError):
        digests = tomli.loads(path.read_text(encoding="utf-8"))
        if not all(isinstance(digest, str) for digest in digests.values()):
            raise TypeError("no digest")
        return digests
