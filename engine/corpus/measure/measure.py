"""One file at a time: decode it, and take from it what the corpus wants of it."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from engine.corpus.audio.decode import AudioFile, UnusableError
from engine.corpus.layouts import Candidate
from engine.corpus.measure.clip_writer import (
    ClipWriter,
    Files,
    Measured,
    Source,
    channels_of,
    quarantined,
    segment_of,
    truncate_to,
)
from engine.corpus.measure.limits import Limits
from engine.corpus.measure.segment import segments
from engine.corpus.measure.transcript import num_spoken
from engine.corpus.table.manifest import Quarantined
from engine.files.checksum import sha256_of

Result = Measured | Quarantined

NO_WAITS: Iterator[float] = iter(())
_MOST_TRIES = 4
_FAULTS_OF_FILES = ("unreadable", "truncated", "empty", "not finite", "header disagrees")
_TOLERANCE_SECONDS = 0.05
"""By how much a table may promise more than a file has: tables round their times."""


def measure_file(
    folder: Path,
    parts: Sequence[Candidate],
    limits: Limits,
    files: Files,
    waits: Iterator[float] = NO_WAITS,
) -> list[Result]:
    """The results of the candidates of one file, in their order; samples go to `files`.

    Parts that overlap, and channels, take a decoding each. Memory stays flat whatever the file's
    length. What looks like a fault of the file is looked at again, for decoders take a disk that
    fails for a file that ends: a fault is believed that is found twice. Each wait before another
    try is taken from `waits`.
    """
    path, places = folder / parts[0].path, {rate: file.tell() for rate, file in files.items()}
    found = _measure_once(path, parts, limits, files)
    for _ in range(_MOST_TRIES - 1):
        if not any(map(_may_pass, found)):
            break
        time.sleep(next(waits, 0.0))
        truncate_to(files, places)
        before, found = found, _measure_once(path, parts, limits, files)
        if found == before and not any(map(_is_passing, found)):
            break
    return found


def _is_passing(result: Result) -> bool:
    return isinstance(result, Quarantined) and result.is_passing


def _may_pass(result: Result) -> bool:
    return isinstance(result, Quarantined) and result.reason in _FAULTS_OF_FILES


def _measure_once(
    path: Path, parts: Sequence[Candidate], limits: Limits, files: Files
) -> list[Result]:
    try:
        digest = sha256_of(path)
    except OSError as error:
        return [quarantined(part, UnusableError.of(error)) for part in parts]
    if limits.channels == "split":
        parts = _each_channel(path, parts)
    found: dict[Candidate, list[Result]] = {}
    for lane in _lanes(parts):
        if lane[0].start_seconds == 0 and lane[0].seconds is None:
            found[lane[0]] = _measure_whole(path, digest, lane[0], limits, files)
        else:
            results = _measure_lane(path, digest, lane, limits, files)
            found |= {part: [result] for part, result in zip(lane, results, strict=True)}
    return [result for part in parts for result in found[part]]


def _each_channel(path: Path, parts: Sequence[Candidate]) -> Sequence[Candidate]:
    """The parts, one of each channel. What cannot be opened is quarantined when it is read."""
    try:
        with AudioFile(path) as audio:
            num_channels = audio.num_channels
    except UnusableError:
        return parts
    return [one for part in parts for one in channels_of(part, num_channels)]


def _source(digest: str, audio: AudioFile) -> Source:
    return Source(
        sha256=digest,
        sample_rate_hz=audio.sample_rate_hz,
        num_channels=audio.num_channels,
        decoder=audio.decoder,
        header_fault=audio.header_fault,
    )


def _measure_whole(
    path: Path, digest: str, candidate: Candidate, limits: Limits, files: Files
) -> list[Result]:
    """A file that is one clip or, where the limits say so, as many as its pauses make."""
    places = {rate: file.tell() for rate, file in files.items()}
    try:
        with AudioFile(path, candidate.channel) as audio:
            limits.check_rate(audio.sample_rate_hz)
            source = _source(digest, audio)
            if limits.segment == "silence" and not num_spoken(candidate.text or ""):
                return _measure_segments(candidate, source, audio.blocks(), limits, files)
            return [_measure_clip(candidate, source, audio.blocks(), limits, files)]
    except UnusableError as error:
        truncate_to(files, places)
        return [quarantined(candidate, error)]


def _measure_clip(
    candidate: Candidate, source: Source, blocks: Iterator[np.ndarray], limits: Limits, files: Files
) -> Result:
    take = ClipWriter(candidate, source, limits, files)
    for block in blocks:
        take.add(block)
        if take.is_too_long:
            break
    return take.finish()


def _measure_segments(
    candidate: Candidate, source: Source, blocks: Iterator[np.ndarray], limits: Limits, files: Files
) -> list[Result]:
    """A transcript says nothing of its parts, so what has one is never cut."""
    assert limits.max_seconds is not None, "params.toml's checks demand it"
    rate, results = source.sample_rate_hz, []
    for segment in segments(blocks, rate, limits.min_seconds, limits.max_seconds):
        part = candidate if segment.is_whole else segment_of(candidate, segment.start / rate)
        results.append(_measure_clip(part, source, iter([segment.samples]), limits, files))
    return results


def _measure_lane(
    path: Path, digest: str, lane: Sequence[Candidate], limits: Limits, files: Files
) -> list[Result]:
    """Parts that do not overlap, in one pass. Those before a fault of the file are kept.

    Whether channels cancel is known at the end alone: no part is kept then.
    """
    places = {rate: file.tell() for rate, file in files.items()}
    results: list[Result] = []
    take = None
    try:
        with AudioFile(path, lane[0].channel) as audio:
            limits.check_rate(audio.sample_rate_hz)
            source = _source(digest, audio)
            for block, is_last in _pieces(audio, lane):
                take = take or ClipWriter(lane[len(results)], source, limits, files)
                take.add(block)
                if is_last:
                    results.append(take.finish())
                    take = None
            length = audio.num_decoded / audio.sample_rate_hz
            if take and _ends_by(lane[len(results)], length + _TOLERANCE_SECONDS):
                results.append(take.finish())
                take = None
            audio.check_channels()
        fault = UnusableError("header disagrees", f"the file ends at {length:.3f} s, before it")
    except UnusableError as error:
        fault = error
    if take:
        take.discard()
    if fault.reason == "channels cancel":
        truncate_to(files, places)
        results = []
    return results + [quarantined(part, fault) for part in lane[len(results) :]]


def _pieces(audio: AudioFile, lane: Sequence[Candidate]) -> Iterator[tuple[np.ndarray, bool]]:
    """The samples of each part in turn, and whether it ends with them."""
    rate, begin, current = audio.sample_rate_hz, 0, 0
    for block in audio.blocks():
        end = begin + len(block)
        while current < len(lane) and round(lane[current].start_seconds * rate) < end:
            start, stop = round(lane[current].start_seconds * rate), _stop(lane[current], rate)
            is_last = stop is not None and stop <= end
            yield block[max(0, start - begin) : None if stop is None else stop - begin], is_last
            if not is_last:
                break
            current += 1
        if current == len(lane):
            return
        begin = end


def _stop(part: Candidate, rate: int) -> int | None:
    return None if part.seconds is None else round((part.start_seconds + part.seconds) * rate)


def _ends_by(part: Candidate, seconds: float) -> bool:
    return part.seconds is None or part.start_seconds + part.seconds <= seconds


def _lanes(parts: Sequence[Candidate]) -> list[list[Candidate]]:
    """Parts, sorted by their starts, in as many rows of one channel as overlaps make necessary."""
    lanes: list[list[Candidate]] = []
    for part in parts:
        lane = next((lane for lane in lanes if _follows(part, lane[-1])), None)
        if lane is None:
            lanes.append([part])
        else:
            lane.append(part)
    return lanes


def _follows(part: Candidate, other: Candidate) -> bool:
    if part.channel != other.channel or other.seconds is None:
        return False
    return other.start_seconds + other.seconds <= part.start_seconds
