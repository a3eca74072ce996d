"""Digests of files and of plain values."""

import hashlib
import json
from pathlib import Path


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in memory that does not grow with it. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of(content: object) -> str:
    """SHA-256 of lists, tables, texts and numbers, as JSON writes them."""
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
