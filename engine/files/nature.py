"""What a file is that was expected to hold weights, where its first bytes say it."""

import re
import zipfile
from pathlib import Path

from engine.errors import UserError

_PAGE = re.compile(rb"\s*<(?:!doctype html|html|head|\?xml)", re.IGNORECASE)
_FETCH = "Take it from where it was published again"


def require_weights(path: Path) -> None:
    """Raise UserError where a file is missing, empty, cut, a pointer, a page or something else.

    Of files that may be weights nothing is said. Raises OSError where it cannot be read.
    """
    if path.is_dir():
        raise UserError(f"{path} is a folder, and a file of weights is needed.")
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
        return f"is empty: the download brought nothing. {_FETCH}"
    if head.startswith(b"version https://git-lfs"):
        return "is a Git LFS pointer instead of weights: run 'git lfs pull' where it came from"
    if _PAGE.match(head):
        return (
            "is a page of the web instead of weights: what it was downloaded from answered with "
            "one, as where a login is asked for. Download the file itself"
        )
    if head.startswith(b"PK\x03\x04") and not zipfile.is_zipfile(path):
        return f"is cut: its end is missing, as after a download that stopped. {_FETCH}"
    if head.startswith((b"{", b"[")) and not is_safetensors(path):
        return "is a text (JSON) instead of weights"
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") > path.stat().st_size:
        return f"is cut: not even the table of its tensors is whole. {_FETCH}"
    return None
