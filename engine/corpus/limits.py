"""What a corpus accepts: lengths, rates, levels."""

from attrs import frozen

from engine.corpus.decode import UnusableError

SILENT_DBFS = -60.0
"""A clip whose peak lies below this is silent."""


@frozen(kw_only=True)
class Limits:
    """The limits of one corpus, from params.toml."""

    min_seconds: float
    max_seconds: float | None
    min_sample_rate_hz: int

    def check_rate(self, sample_rate_hz: int) -> None:
        """Raise UnusableError ("sample rate too low") below the lowest rate."""
        if sample_rate_hz < self.min_sample_rate_hz:
            low = f"{sample_rate_hz:,} Hz, at least {self.min_sample_rate_hz:,} Hz is asked for"
            raise UnusableError("sample rate too low", low)

    def check_not_too_long(self, seconds: float) -> None:
        """Raise UnusableError ("too long"). Asked while decoding, so that an endless file ends."""
        if self.max_seconds is not None and seconds > self.max_seconds:
            raise UnusableError("too long", f"more than {self.max_seconds:g} s")

    def check_length(self, num_frames: int, sample_rate_hz: int) -> None:
        """Raise UnusableError ("empty", "too short")."""
        if num_frames == 0:
            raise UnusableError("empty", "the file holds no samples")
        seconds = num_frames / sample_rate_hz
        if seconds < self.min_seconds:
            raise UnusableError("too short", f"{seconds:.3f} s, at least {self.min_seconds:g} s")


def check_level(peak_dbfs: float) -> None:
    """Raise UnusableError ("silent") where the loudest sample lies below SILENT_DBFS."""
    if peak_dbfs < SILENT_DBFS:
        raise UnusableError("silent", f"peak {peak_dbfs:.0f} dBFS, below {SILENT_DBFS:.0f} dBFS")
