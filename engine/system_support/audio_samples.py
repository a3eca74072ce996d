"""Audio that is made: which clips samples are made of, and how files are written."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile


def write_wav(path: Path, samples: np.ndarray, sample_rate_hz: int) -> None:
    """Write mono samples [samples] in -1..1 as 16-bit WAV; what lies beyond is clipped."""
    content = io.BytesIO()  # given a path, libsndfile does not say why it failed
    clipped = np.clip(samples, -1.0, 1.0)
    soundfile.write(content, clipped, sample_rate_hz, subtype="PCM_16", format="WAV")
    path.write_bytes(content.getvalue())


def spread_over(labels: Sequence[str], number: int) -> list[int]:
    """Indices of at most `number` clips, evenly chosen, of as many different labels as possible."""
    seen: dict[str, int] = {}
    turns = []
    for index, label in enumerate(labels):
        seen[label] = seen.get(label, 0) + 1
        turns.append((seen[label], label, index))
    first = sorted(turns)[: max(number, len(seen))]
    kept = min(number, len(first))
    return [first[k * len(first) // kept][2] for k in range(kept)]
