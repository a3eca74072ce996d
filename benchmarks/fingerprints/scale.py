"""Memory and time of comparing many clips, whose fingerprints are simulated.

A simulated landmark has the code of a real one of which 30 % of the bits are turned, so that bits
stay as unevenly distributed as they are in speech.
"""

import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.fingerprints.clips import RATE_HZ, landmarks_of_all, sounds_in
from engine.corpus.audio.suffixes import AUDIO_SUFFIXES
from engine.corpus.layouts import Candidate
from engine.corpus.measure.fingerprint import Fingerprint
from engine.corpus.measure.limits import Limits
from engine.corpus.measure.measure import measure_file
from engine.evaluation.sound.landmarks import CODE_BYTES, LANDMARK
from engine.evaluation.sound.near_duplicates import near_duplicates, near_duplicates_within

EVALUATION_CLIPS = 350
_TURNED = 0.3


def compare(folder: Path, num_clips: int, place: Path) -> dict[str, object]:
    """Seconds and memory of an evaluation set's search, and of a corpus's with itself."""
    stored = _simulated(folder, num_clips, place)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    some = np.array(stored[: np.searchsorted(stored["clip"], EVALUATION_CLIPS)])
    began = time.process_time()
    found = near_duplicates(some, stored)
    searched = time.process_time() - began
    facts: dict[str, object] = {
        "clips": num_clips,
        "landmarks": len(stored),
        "megabytes": round(stored.nbytes / 1e6),
        "evaluation_clips": EVALUATION_CLIPS,
        "found_themselves": int((found["clip"] == found["other"]).sum()),
        "evaluation_seconds": round(searched, 1),
        "evaluation_peak_mb": _peak() - before // 1024,
    }
    began = time.process_time()
    pairs = near_duplicates_within(stored)
    facts |= {
        "within_seconds": round(time.process_time() - began, 1),
        "within_pairs": len(pairs),
        "within_peak_mb": _peak() - before // 1024,
    }
    return facts


def cost(folder: Path) -> dict[str, object]:
    """Seconds of CPU and bytes that fingerprints take, for an hour and a second of audio."""
    sounds = sounds_in(folder)
    seconds = sum(one.seconds for one in sounds)
    began = time.process_time()
    table = landmarks_of_all([one.samples for one in sounds])
    took = time.process_time() - began
    long = np.tile(sounds[0].samples, 1 + int(600 / sounds[0].seconds))
    began = time.process_time()
    fingerprint = Fingerprint(RATE_HZ)
    for start in range(0, len(long), 65_536):
        fingerprint.add(long[start : start + 65_536])
    fingerprint.finish()
    of_long = (time.process_time() - began) * 3600 * RATE_HZ / len(long)
    return {
        "folder": folder.name,
        "clips": len(sounds),
        "seconds_per_clip": round(seconds / len(sounds), 2),
        "landmarks_per_second": round(len(table) / seconds, 2),
        "bytes_per_second": round(table.nbytes / seconds),
        "bytes_per_clip_in_lineage": round(48 * len(table) / len(sounds)),
        "ingest_cpu_seconds_per_hour": round(_ingest_seconds(folder) * 3600 / seconds, 1),
        "cpu_seconds_per_hour": round(took * 3600 / seconds, 1),
        "cpu_seconds_per_hour_of_one_recording": round(of_long, 1),
    }


def _ingest_seconds(folder: Path) -> float:
    """Seconds of CPU in which ingest decodes, measures, packs and fingerprints a folder."""
    limits = Limits(min_seconds=0.1, max_seconds=None, min_sample_rate_hz=1)
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in AUDIO_SUFFIXES)
    began = time.process_time()
    with tempfile.TemporaryFile() as packed:
        for path in paths:
            part = Candidate(id=path.stem, path=str(path.relative_to(folder)))
            measure_file(folder, [part], limits, {16_000: packed})
    return time.process_time() - began


def _simulated(folder: Path, num_clips: int, place: Path) -> np.ndarray:
    """A table on the disk, memory-mapped as a corpus's is."""
    real = landmarks_of_all([one.samples for one in sounds_in(folder)])
    random = np.random.default_rng(17)
    counts = np.bincount(real["clip"])[random.integers(0, real["clip"].max() + 1, num_clips)]
    table = np.lib.format.open_memmap(place, "w+", LANDMARK, (int(counts.sum()),))
    table["clip"] = np.repeat(np.arange(num_clips), counts)
    table["seconds"] = random.uniform(0, 10, len(table))
    for start in range(0, len(table), 1 << 16):
        part = slice(start, start + (1 << 16))
        rows = random.integers(0, len(real), len(table["clip"][part]))
        shape = (len(rows), 1, 8 * CODE_BYTES)
        turned = np.packbits(random.random(shape, np.float32) < _TURNED, axis=-1)
        table["codes"][part] = real["codes"][rows] ^ turned
    table.flush()
    return np.lib.format.open_memmap(place, "r")


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
