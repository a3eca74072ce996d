"""What a corpus accepts: lengths, rates, levels, transcripts; and how it is cut into clips."""

from typing import Literal

from attrs import frozen

from engine.corpus.audio.decode import UnusableError
from engine.corpus.measure.level import Level, decibels
from engine.recipe.params import CorpusSource

SILENT_DBFS = -60.0
"""A clip whose peak lies below this is silent."""


@frozen(kw_only=True)
class Limits:
    """The limits of one corpus, from params.toml."""

    min_seconds: float
    max_seconds: float | None
    min_sample_rate_hz: int
    at_most_clipped: float = 1.0
    segment: Literal["off", "silence"] = "off"
    channels: Literal["mix", "split"] = "mix"
    transcripts: Literal["any", "required"] = "any"
    alphabet: str = ""

    @classmethod
    def of(cls, source: CorpusSource) -> "Limits":
        """The limits of a corpus in params.toml."""
        return cls(
            min_seconds=source.min_seconds,
            max_seconds=source.max_seconds,
            min_sample_rate_hz=source.min_sample_rate_hz,
            at_most_clipped=source.at_most_clipped,
            segment=source.segment,
            channels=source.channels,
            transcripts=source.transcripts,
            alphabet=source.alphabet,
        )

    def check_rate(self, sample_rate_hz: int) -> None:
        """Raise UnusableError ("sample rate too low") below the lowest rate."""
        if sample_rate_hz < self.min_sample_rate_hz:
            low = f"{sample_rate_hz:,} Hz, at least {self.min_sample_rate_hz:,} Hz is asked for"
            raise UnusableError("sample rate too low", low)

    def is_too_long(self, seconds: float) -> bool:
        """Asked while decoding, so that an endless file ends."""
        return self.max_seconds is not None and seconds > self.max_seconds

    def check_length(self, num_frames: int, sample_rate_hz: int) -> None:
        """Raise UnusableError ("empty", "too short", "too long")."""
        if num_frames == 0:
            raise UnusableError("empty", "the file holds no samples")
        if self.is_too_long(num_frames / sample_rate_hz):
            raise UnusableError("too long", f"more than {self.max_seconds:g} s")
        seconds = num_frames / sample_rate_hz
        if seconds < self.min_seconds:
            raise UnusableError("too short", f"{seconds:.3f} s, at least {self.min_seconds:g} s")

    def check_level(self, level: Level) -> None:
        """Raise UnusableError ("silent", "clipped")."""
        peak_dbfs = decibels(level.peak)
        if peak_dbfs < SILENT_DBFS:
            low = f"peak {peak_dbfs:.0f} dBFS, below {SILENT_DBFS:.0f} dBFS"
            raise UnusableError("silent", low)
        if level.clipped_share > self.at_most_clipped:
            share = f"{level.clipped_share:.1%} of the samples are at full scale or beyond"
            raise UnusableError("clipped", f"{share}, at most {self.at_most_clipped:.1%} may be")
