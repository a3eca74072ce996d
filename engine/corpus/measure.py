"""One file at a time: decode it, judge it, and leave its samples packed."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import numpy as np
from attrs import frozen

from engine.corpus.decode import AudioFile, UnusableError, quiet_decoders
from engine.corpus.layouts import Candidate
from engine.corpus.limits import Limits, check_level
from engine.corpus.manifest import Clip, Quarantined
from engine.corpus.pcm import PcmWriter


@frozen(kw_only=True)
class Measured:
    """A usable clip, and how many samples of it lie in the part file of each rate."""

    clip: Clip
    num_samples: Mapping[int, int]


@frozen(kw_only=True)
class Part:
    """What became of a run of candidates, in their order; `pcm` holds the samples for each rate."""

    results: tuple[Measured | Quarantined, ...]
    pcm: Mapping[int, Path]


class _Level:
    """Running peak, mean square and checksum of a clip."""

    def __init__(self, sample_rate_hz: int) -> None:
        self.peak = 0.0
        self.sum_of_squares = 0.0
        self.checksum = hashlib.sha256(f"{sample_rate_hz} Hz\n".encode())

    def add(self, block: np.ndarray) -> None:
        self.peak = max(self.peak, float(np.abs(block).max()))
        self.sum_of_squares += float(np.square(block, dtype=np.float64).sum())
        self.checksum.update(block.astype("<f4", copy=False).tobytes())


def measure_part(
    folder: Path, candidates: Sequence[Candidate], limits: Limits, rates: Sequence[int], part: Path
) -> Part:
    """Measure candidates below `folder`; their samples go to one file a rate, named after `part`.

    A candidate that cannot be used leaves no samples. Memory stays flat whatever a file's length.
    """
    pcm = {rate: part.with_suffix(f".{rate}.pcm") for rate in rates}
    with ExitStack() as stack:
        stack.enter_context(quiet_decoders())
        files = {rate: stack.enter_context(path.open("wb")) for rate, path in pcm.items()}
        results = tuple(_measure(folder, one, limits, files) for one in candidates)
    return Part(results=results, pcm=pcm)


def _measure(
    folder: Path, candidate: Candidate, limits: Limits, files: Mapping[int, BinaryIO]
) -> Measured | Quarantined:
    starts = {rate: file.tell() for rate, file in files.items()}
    try:
        return _decode(folder / candidate.path, candidate, limits, files)
    except UnusableError as error:
        for rate, file in files.items():
            file.seek(starts[rate])
            file.truncate()
        return Quarantined(path=candidate.path, reason=error.reason, detail=error.detail)


def _decode(
    path: Path, candidate: Candidate, limits: Limits, files: Mapping[int, BinaryIO]
) -> Measured:
    with AudioFile(path) as audio:
        limits.check_rate(audio.sample_rate_hz)
        level = _Level(audio.sample_rate_hz)
        own_hz = audio.sample_rate_hz
        writers = {rate: PcmWriter(file, own_hz, rate) for rate, file in files.items()}
        for block in audio.blocks():
            limits.check_not_too_long(audio.num_decoded / own_hz)
            level.add(block)
            for writer in writers.values():
                writer.write(block)
        limits.check_length(audio.num_decoded, audio.sample_rate_hz)
        check_level(decibels(level.peak))
    for writer in writers.values():
        writer.finish()
    return Measured(
        clip=_clip(candidate, audio, level),
        num_samples={rate: writer.num_samples for rate, writer in writers.items()},
    )


def _clip(candidate: Candidate, audio: AudioFile, level: _Level) -> Clip:
    return Clip(
        id=candidate.id,
        path=candidate.path,
        sha256=level.checksum.hexdigest(),
        num_frames=audio.num_decoded,
        sample_rate_hz=audio.sample_rate_hz,
        num_channels=audio.num_channels,
        peak=level.peak,
        rms_dbfs=round(decibels(math.sqrt(level.sum_of_squares / audio.num_decoded)), 2),
        speaker=candidate.speaker,
        language=candidate.language,
        text=candidate.text,
        label=candidate.label,
        listed=candidate.listed,
    )


def decibels(amplitude: float) -> float:
    """An amplitude in dB relative to full scale (1.0); minus infinity for 0."""
    return 20 * math.log10(amplitude) if amplitude > 0 else -math.inf
