"""One clip on its way from its file into a shard: judged, resampled, or taken back."""

from collections.abc import Mapping
from typing import BinaryIO

import numpy as np
from attrs import evolve, field, frozen

from engine.corpus.audio.decode import UnusableError
from engine.corpus.audio.pcm import SAMPLE_TYPE, PcmWriter
from engine.corpus.layouts import Candidate
from engine.corpus.layouts.ids import channel_id, part_id
from engine.corpus.measure.fingerprint import Fingerprint
from engine.corpus.measure.level import Level
from engine.corpus.measure.limits import Limits
from engine.corpus.measure.transcript import check_transcript
from engine.corpus.table.manifest import Clip, Quarantined

Files = Mapping[int, BinaryIO]
"""The shard that is being written, one open file for each packed rate."""


@frozen(kw_only=True)
class Measured:
    """A usable clip, and where its samples lie in the shard: rate to (offset, length)."""

    clip: Clip
    samples: Mapping[int, tuple[int, int]]
    landmarks: np.ndarray = field(eq=False)
    """The clip's fingerprint, LANDMARK [landmarks]."""


@frozen(kw_only=True)
class Source:
    """Facts about the file that clips are taken from."""

    sha256: str
    sample_rate_hz: int
    num_channels: int
    decoder: str = "libsndfile"
    header_fault: str | None = None


class ClipWriter:
    """Takes in a clip's samples; `finish` keeps them, `discard` leaves the shard as it was."""

    def __init__(self, candidate: Candidate, source: Source, limits: Limits, files: Files) -> None:
        self._candidate, self._source, self._limits = candidate, source, limits
        self._files = files
        self._starts = {rate: file.tell() for rate, file in files.items()}
        own_hz = source.sample_rate_hz
        self._writers = {rate: PcmWriter(file, own_hz, rate) for rate, file in files.items()}
        self._level = Level(own_hz)
        self._fingerprint = Fingerprint(own_hz)

    @property
    def is_too_long(self) -> bool:
        """Whether more samples came than the limits allow; what follows is not taken in."""
        return self._limits.is_too_long(self._level.num_samples / self._source.sample_rate_hz)

    def add(self, block: np.ndarray) -> None:
        """Take in mono float32 samples."""
        if self.is_too_long:
            return
        self._level.add(block)
        self._fingerprint.add(block)
        for writer in self._writers.values():
            writer.write(block)

    def finish(self) -> Measured | Quarantined:
        """The clip where it is within the limits; else the reason, and its samples are gone."""
        try:
            self._limits.check_length(self._level.num_samples, self._source.sample_rate_hz)
            self._limits.check_level(self._level)
            text = self._text()
            for writer in self._writers.values():
                writer.finish()
            self._require_samples()
        except UnusableError as error:
            self.discard()
            return quarantined(self._candidate, error)
        samples = {
            rate: (self._starts[rate] // SAMPLE_TYPE.itemsize, writer.num_samples)
            for rate, writer in self._writers.items()
        }
        landmarks = self._fingerprint.finish()
        return Measured(clip=self._clip(text), samples=samples, landmarks=landmarks)

    def discard(self) -> None:
        """Take back what was written."""
        truncate_to(self._files, self._starts)

    def _require_samples(self) -> None:
        for rate, writer in self._writers.items():
            if not writer.num_samples:
                raise UnusableError("too short", f"not one sample is left of it at {rate:,} Hz")

    def _text(self) -> str | None:
        required = self._limits.transcripts == "required"
        return check_transcript(
            self._candidate.text, required=required, alphabet=self._limits.alphabet
        )

    def _clip(self, text: str | None) -> Clip:
        candidate, level = self._candidate, self._level
        return Clip(
            id=candidate.id,
            path=candidate.path,
            sha256=level.sha256,
            file_sha256=self._source.sha256,
            start_seconds=candidate.start_seconds,
            num_frames=level.num_samples,
            sample_rate_hz=self._source.sample_rate_hz,
            num_channels=self._source.num_channels,
            channel=candidate.channel,
            peak=level.peak,
            rms_dbfs=level.rms_dbfs,
            clipped_share=level.clipped_share,
            silent_share=level.silent_share,
            decoder=self._source.decoder,
            header_fault=self._source.header_fault,
            speaker=candidate.speaker,
            language=candidate.language,
            text=text,
            label=candidate.label,
            listed=candidate.listed,
        )


def quarantined(candidate: Candidate, error: UnusableError) -> Quarantined:
    """A candidate that cannot be used; of a file with several, which one."""
    part = f"from {candidate.start_seconds:.3f} s: " if candidate.start_seconds else ""
    detail = f"{channel_words(candidate.channel)}{part}{error.detail}"
    return Quarantined(
        path=candidate.path, reason=error.reason, detail=detail, is_passing=error.is_passing
    )


def channel_words(channel: int | None) -> str:
    """What stands before a detail that concerns one channel alone."""
    return "" if channel is None else f"channel {channel + 1}: "


def channels_of(candidate: Candidate, num_channels: int) -> list[Candidate]:
    """A candidate as one of each channel; as it is where it has one, or names one itself."""
    if num_channels == 1 or candidate.channel is not None:
        return [candidate]
    return [
        evolve(candidate, id=channel_id(candidate.id, channel), channel=channel)
        for channel in range(num_channels)
    ]


def segment_of(candidate: Candidate, start_seconds: float) -> Candidate:
    """The candidate that is the part of a recording from `start_seconds` on."""
    name = part_id(candidate.id, start_seconds)
    return evolve(candidate, id=name, start_seconds=start_seconds)


def truncate_to(files: Files, places: Mapping[int, int]) -> None:
    """Cut each rate's file at its place."""
    for rate, file in files.items():
        file.seek(places[rate])
        file.truncate()
