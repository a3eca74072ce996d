"""Any audio file as blocks of mono float32, in memory that does not grow with its length."""

import contextlib
import math
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType

import numpy as np
import soundfile

from engine.corpus.audio.container import Container
from engine.corpus.audio.decoder import BLOCK_FRAMES, Decoder, DecoderError
from engine.corpus.audio.ffmpeg import FFmpegDecoder, ffmpeg_version, find_ffmpeg
from engine.corpus.audio.sndfile import MendedFile, SndfileDecoder
from engine.corpus.audio.unusable import UnusableError

_LEFT_OF_CHANNELS = 0.01
"""Least power of the mean of channels, as a share of their own mean power."""

__all__ = ["BLOCK_FRAMES", "AudioFile", "UnusableError", "decoders", "quiet_decoders"]


class AudioFile:
    """An open audio file. What it holds is judged by its content; its name is only a hint.

    `channel` (from 0) asks for one channel instead of the mean of all. libsndfile decodes what it
    can, FFmpeg the rest where it is on PATH. Raises UnusableError: "unreadable" where no decoder
    recognizes it, "empty" where it has no bytes, "header disagrees" where it lacks that channel.
    """

    def __init__(self, path: Path, channel: int | None = None) -> None:
        self._path = path
        self._channel = channel
        self._power_of_channels = self._power_of_mean = 0.0
        self.num_decoded = 0
        with _operating_system_errors():
            descriptor = _open_regular(path)
            try:
                self._container = Container(path)
            except OSError:
                os.close(descriptor)
                raise
            self._decoder = self._open(descriptor)
        self.sample_rate_hz: int = self._decoder.sample_rate_hz
        self.num_channels: int = self._decoder.num_channels
        if channel is not None and channel >= self.num_channels:
            self._decoder.close()
            asked = f"channel {channel} (counted from 0) is asked for"
            raise UnusableError("header disagrees", f"{asked}, and it has {self.num_channels}")

    def __enter__(self) -> "AudioFile":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._decoder.close()

    @property
    def decoder(self) -> str:
        """Which decoder reads it: a name of `decoders()`."""
        return "FFmpeg" if isinstance(self._decoder, FFmpegDecoder) else "libsndfile"

    @property
    def header_fault(self) -> str | None:
        """Wrong length in the file's header, where that costs no sample; else None."""
        return self._container.header_fault

    def blocks(self) -> Iterator[np.ndarray]:
        """Mono float32 blocks of at most BLOCK_FRAMES: the mean of the channels, or the one.

        Full scale is 1.0; float files may exceed it. Raises UnusableError where samples are not
        finite, the decoder fails on the way, the file ends before its header says it does, or as
        `check_channels` does.
        """
        with _operating_system_errors():
            while len(frames := self._read()):
                block = self._mono(frames)
                if not np.isfinite(block).all():
                    said = f"NaN or infinity after frame {self.num_decoded:,}"
                    raise UnusableError("not finite", said)
                self.num_decoded += len(block)
                yield block
            self._container.check_end(self.num_decoded)
            self.check_channels()

    def check_channels(self) -> None:
        """Raise UnusableError ("channels cancel") where the mean of those decoded is nearly silent.

        Channels of opposite phase do that; independent ones lose 3 dB in their mean.
        """
        if self._power_of_mean < _LEFT_OF_CHANNELS * self._power_of_channels:
            ratio = self._power_of_mean / self._power_of_channels
            lost = f"{-10 * math.log10(max(ratio, 1e-10)):.0f} dB"
            said = f"the mean of its {self.num_channels} channels is {lost} quieter than they are"
            raise UnusableError("channels cancel", said)

    def _mono(self, frames: np.ndarray) -> np.ndarray:
        if self._channel is not None or self.num_channels == 1:
            return np.ascontiguousarray(frames[:, self._channel or 0])
        mean: np.ndarray = frames.mean(axis=1, dtype=np.float32)
        self._power_of_channels += float(np.square(frames).mean(axis=1).sum())
        self._power_of_mean += float(np.square(mean).sum())
        return mean

    def _open(self, descriptor: int) -> Decoder:
        unfinished = self._container.unfinished
        opened: int | MendedFile = descriptor
        if unfinished:
            os.close(descriptor)
            opened = MendedFile(self._path, unfinished)
        try:
            first = SndfileDecoder(self._path, opened)
        except DecoderError as error:
            return self._ffmpeg(str(error))
        said = self._container.take(first)
        if said is None:
            return first
        first.close()
        return self._ffmpeg(said)

    def _ffmpeg(self, said: str) -> Decoder:
        """The second decoder, for a file of which libsndfile `said` that it cannot."""
        self._container.check_nature()
        if find_ffmpeg() is None:
            raise UnusableError(
                "unreadable",
                f"libsndfile cannot read it ({said}), and FFmpeg, which may, is not on PATH: "
                "install it, or its wheel: pip install 'cantus[ffmpeg]'",
            )
        try:
            return FFmpegDecoder(self._path)
        except DecoderError as error:
            raise self._broken(f"libsndfile: {said}; FFmpeg: {error}") from error

    def _read(self) -> np.ndarray:
        try:
            return self._decoder.read()
        except DecoderError as error:
            # Samples of two decoders fit together only where both are exact.
            may_go_on = not self.num_decoded or self._container.is_flac
            if self.decoder == "FFmpeg" or not may_go_on:
                raise self._broken(str(error)) from error
            self._go_on_with_ffmpeg(str(error))
            return self._read()

    def _go_on_with_ffmpeg(self, said: str) -> None:
        self._decoder.close()
        self._decoder = self._ffmpeg(said)
        facts = (self._decoder.sample_rate_hz, self._decoder.num_channels)
        if facts != (self.sample_rate_hz, self.num_channels):
            raise UnusableError("header disagrees", "two decoders find different rates or channels")
        assert self.num_decoded % BLOCK_FRAMES == 0, "only the last block is a short one"
        for _ in range(self.num_decoded // BLOCK_FRAMES):
            try:
                self._decoder.read()
            except DecoderError as error:
                raise self._broken(str(error)) from error

    def _broken(self, said: str) -> UnusableError:
        """What a decoder's fault means. Raises UnusableError where the file says it better."""
        self._container.check_behind()
        promised = self._container.num_promised
        if not self.num_decoded and not promised:
            return UnusableError("unreadable", f"no decoder reads it: {said}")
        counts = f"{self.num_decoded:,}" + (f" of {promised:,}" if promised else "")
        return UnusableError("truncated", f"the decoder failed after {counts} frames: {said}")


def decoders() -> Mapping[str, str | None]:
    """The decoders here and their versions; None where one is not.

    WAV, FLAC and the like come out the same from any; MP3, AAC and the like may differ in the last
    bits, and without FFmpeg some files are quarantined.
    """
    return {"libsndfile": soundfile.__libsndfile_version__, "FFmpeg": ffmpeg_version()}


@contextlib.contextmanager
def quiet_decoders() -> Iterator[None]:
    """Keep what C decoders print to stderr about odd files from the screen.

    What they find wrong comes back as an error or as missing frames.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@contextlib.contextmanager
def _operating_system_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnusableError.of(error) from error


def _open_regular(path: Path) -> int:
    """A descriptor of a file with bytes in it. A pipe is not waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    facts = os.fstat(descriptor)
    if stat.S_ISREG(facts.st_mode) and facts.st_size:
        return descriptor
    os.close(descriptor)
    if stat.S_ISREG(facts.st_mode):
        raise UnusableError("empty", "the file has no bytes")
    raise UnusableError("unreadable", "it is a folder, a pipe or a device, and no file")
