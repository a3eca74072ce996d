"""A digest of a checkpoint's weights from its checksums, read without torch."""

import hashlib
from pathlib import Path

from engine.files.untrusted import read_json_object

WEIGHTS, AVERAGE, CHECKSUMS = "weights.safetensors", "average.safetensors", "checksums.json"
"""Files of a checkpoint."""


def weights_digest(folder: Path) -> str:
    """SHA-256 of a checkpoint's weights, and of their averages, as its checksums record them.

    Raises UserError where they cannot be read.
    """
    checksums = read_json_object(folder / CHECKSUMS)
    recorded = [str(checksums[name]) for name in (WEIGHTS, AVERAGE) if name in checksums]
    return hashlib.sha256(" ".join(recorded).encode()).hexdigest()
