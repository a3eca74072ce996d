"""The second decoder: FFmpeg, a program of its own, for what libsndfile does not read.

It is a process, so that whatever a hostile file does to it ends there.
"""

import functools
import os
import re
import select
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from engine.corpus.audio.decoder import BLOCK_FRAMES, DecoderError
from engine.corpus.audio.g722 import is_g722

STALL_SECONDS = 60.0
"""FFmpeg is ended when it gives nothing for so long."""

# Only what holds audio itself: a playlist could have FFmpeg open other files.
_CONTAINERS = (
    "aac,ac3,aiff,amr,ape,asf,au,caf,dsf,eac3,flac,g722,gsm,matroska,mov,mp3,mpc,mpc8,nistsphere,"
    "ogg,rm,tak,tta,voc,w64,wav,wv"
)
_QUIETLY = ("-nostdin", "-hide_banner", "-loglevel", "error", "-max_alloc", str(2**28))
# The first fault ends it. Without this FFmpeg leaves out what is damaged and goes on.
_STRICTLY = ("-xerror", "-err_detect", "crccheck+explode")
_CLOSED_IN = ("-protocol_whitelist", "file,pipe", "-format_whitelist", _CONTAINERS)
_TO_FLOAT = ("-map", "0:a:0", "-vn", "-f", "au", "-c:a", "pcm_f32be", "pipe:1")

_AU_HEADER = struct.Struct(">4s5I")
"""The .snd header: magic, offset of the samples, their bytes, encoding, rate, channels."""
_SAMPLE_TYPE = np.dtype(">f4")
_WHO_SPEAKS = re.compile(r"\[[^]]* @ 0x[0-9a-f]+\] ")


def find_ffmpeg() -> str | None:
    """The ffmpeg program on PATH, or the one in the wheel imageio-ffmpeg."""
    return shutil.which("ffmpeg") or _in_wheel()


def _in_wheel() -> str | None:
    try:
        from imageio_ffmpeg import get_ffmpeg_exe
    except ImportError:
        return None
    try:
        return str(get_ffmpeg_exe())
    except RuntimeError:  # a wheel without a program, for a machine that it knows none for
        return None


@functools.cache
def ffmpeg_version() -> str | None:
    """FFmpeg's version, for the record: what it decodes of lossy audio may depend on it."""
    program = find_ffmpeg()
    if program is None:
        return None
    answer = subprocess.run([program, "-version"], capture_output=True, text=True, check=False)
    words = answer.stdout.split(maxsplit=3)
    return words[2] if len(words) > 2 else None


def _format_of(path: Path) -> tuple[str, ...]:
    """The format where nothing in the file says it; FFmpeg might take it for another."""
    return ("-f", "g722") if is_g722(path) else ()


class FFmpegDecoder:
    """A file's first audio stream as FFmpeg reads it. Raises DecoderError where it does not."""

    def __init__(self, path: Path) -> None:
        program = find_ffmpeg()
        if program is None:
            raise DecoderError("FFmpeg is not there")
        self._name = f"file:{path}"
        command = (program, *_QUIETLY, *_STRICTLY, *_CLOSED_IN, "-threads", "1")
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # a pipe nobody reads would block it
        self._process = subprocess.Popen(
            [*command, *_format_of(path), "-i", self._name, *_TO_FLOAT],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._said,
        )
        try:
            self.sample_rate_hz, self.num_channels = self._read_header()
        except DecoderError:
            self.close()
            raise

    def read(self) -> np.ndarray:
        """The next frames, as `Decoder` says."""
        frame_bytes = _SAMPLE_TYPE.itemsize * self.num_channels
        content = self._take(BLOCK_FRAMES * frame_bytes)
        if not content:
            self._require_success()
        samples = np.frombuffer(content, _SAMPLE_TYPE).astype(np.float32)
        return samples.reshape(-1, self.num_channels)

    def close(self) -> None:
        """End the process, wherever it is."""
        self._process.kill()
        self._process.communicate()
        self._said.close()

    def _read_header(self) -> tuple[int, int]:
        header = self._take(_AU_HEADER.size)
        if len(header) < _AU_HEADER.size:
            self._require_success()
            raise DecoderError("it holds no audio")
        _, offset, _, _, sample_rate_hz, num_channels = _AU_HEADER.unpack(header)
        self._take(offset - _AU_HEADER.size)
        return sample_rate_hz, num_channels

    def _take(self, num_bytes: int) -> bytes:
        """The next bytes that FFmpeg writes; fewer only at its end."""
        assert self._process.stdout is not None
        pipe, parts = self._process.stdout.fileno(), []
        while num_bytes:
            if not select.select([pipe], [], [], STALL_SECONDS)[0]:
                raise DecoderError(f"FFmpeg gave nothing for {STALL_SECONDS:g} s")
            if not (part := os.read(pipe, num_bytes)):
                break
            parts.append(part)
            num_bytes -= len(part)
        return b"".join(parts)

    def _require_success(self) -> None:
        """Raise DecoderError where FFmpeg ended in a fault or complained on the way."""
        try:
            failed = self._process.wait(STALL_SECONDS) != 0
        except subprocess.TimeoutExpired as error:
            raise DecoderError(f"FFmpeg did not end within {STALL_SECONDS:g} s") from error
        self._said.seek(0)
        said = self._said.read(4096).decode(errors="replace").strip()
        if failed or said:
            first_line = said.splitlines()[0] if said else f"exit {self._process.returncode}"
            # Neither addresses nor this machine's folders belong into a manifest.
            words = _WHO_SPEAKS.sub("", first_line).replace(f"{self._name}: ", "")
            raise DecoderError(words.removesuffix(f" '{_CONTAINERS}'").rstrip("."))
