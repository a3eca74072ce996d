"""What a supposed file of weights really is, by its first bytes."""

import re
import zipfile
from pathlib import Path

from engine.errors import UserError

_PAGE = re.compile(rb"\s*<(?:!doctype html|html|head|\?xml)", re.IGNORECASE)
_FETCH = "Download it again from its publisher"


def require_weights(path: Path) -> None:
    """Raise UserError where a file is missing, empty, cut, a pointer, a page or something else.

    Files that may be weights pass. Raises OSError where it cannot be read.
    """
    if path.is_dir():
        raise UserError(f"{path} is a folder, but a file of weights is needed.")
    if not path.is_file():
        raise UserError(f"There are no weights at {path}.")
    with path.open("rb") as file:
        head = file.read(512)
    if (said := _nature(path, head)) is not None:
        raise UserError(f"{path} {said}.")


def is_safetensors(path: Path) -> bool:
    """Whether a file begins as safetensors do: the length of a table, and the table."""
    with path.open("rb") as file:
        head = file.read(9)
    return head[8:] == b"{" and int.from_bytes(head[:8], "little") <= path.stat().st_size


def _nature(path: Path, head: bytes) -> str | None:
    if not head:
        return f"is empty: the download failed. {_FETCH}"
    if head.startswith(b"version https://git-lfs"):
        return "is a Git LFS pointer instead of weights: run 'git lfs pull' where it came from"
    if _PAGE.match(head):
        return (
            "is a web page instead of weights: the server answered with one, perhaps because it "
            "asks for a login. Download the file itself"
        )
    if head.startswith(b"PK\x03\x04") and not zipfile.is_zipfile(path):
        return f"is truncated: its end is missing, as after an aborted download. {_FETCH}"
    if head.startswith((b"{", b"[")) and not is_safetensors(path):
        return "is a text file (JSON) instead of weights"
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") > path.stat().st_size:
        return f"is truncated: even its table of tensors is incomplete. {_FETCH}"
    return None
