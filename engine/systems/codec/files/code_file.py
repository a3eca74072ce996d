"""Audio files to codes and back: any length, rate and number of channels, in bounded memory.

Only the codes are held as a whole: a few kilobytes per second of audio.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from attrs import frozen

from engine.corpus.audio.decode import AudioFile
from engine.corpus.audio.pcm import to_int16
from engine.corpus.audio.resample import at_rate
from engine.errors import UserError
from engine.files.new_wav import new_wav
from engine.metrics.loudness import LoudnessMeter
from engine.systems.codec.data.level import QUIETEST_DB, whole_gain
from engine.systems.codec.files.dac_file import DacFile
from engine.systems.codec.network.chunks import decode_chunks, encode_chunks
from engine.systems.codec.network.network import CodecNetwork
from engine.systems.codec.recipe import Level

_MOST_CHANNELS = 1024


@frozen
class Codec:
    """A network in evaluation mode, and the level that its input must have."""

    network: CodecNetwork
    level: Level

    @property
    def sample_rate_hz(self) -> int:
        """The sample rate of the network's audio in Hz."""
        return self.network.settings.sample_rate_hz

    def bits_per_second(self, file: DacFile) -> float:
        """The nominal bitrate of a file of codes, all channels together."""
        channels, quantizers, _ = file.codes.shape
        settings = self.network.settings
        return settings.bits_per_second * int(channels) * int(quantizers) / settings.num_codebooks


def encode_file(codec: Codec, path: Path, num_quantizers: int | None = None) -> DacFile:
    """Code an audio file, each channel by itself and scaled to the codec's level.

    Every channel is read twice: to measure its level, and to code it. Raises UnusableError where
    the file cannot be read, UserError where it holds no samples.
    """
    with AudioFile(path) as file:
        rate, num_channels = file.sample_rate_hz, file.num_channels
    codes, gains, loudness, num_samples = [], [], [], 0
    for channel in range(num_channels):
        with AudioFile(path, channel) as file:
            gain, lufs = _level(codec, at_rate(file.blocks(), rate, codec.sample_rate_hz))
        with AudioFile(path, channel) as file:
            blocks = at_rate(file.blocks(), rate, codec.sample_rate_hz)
            scaled = (torch.from_numpy(block * np.float32(gain)) for block in blocks)
            pieces = encode_chunks(codec.network, scaled, num_quantizers)
            kept = [piece.numpy().astype(np.uint16) for piece in pieces]
            num_samples = file.num_decoded
        if not kept:
            raise UserError(f"{path} holds no samples at {codec.sample_rate_hz:,} Hz.")
        codes.append(np.concatenate(kept, axis=1))
        gains.append(gain)
        loudness.append(lufs)
    return DacFile(np.stack(codes), num_samples, rate, np.array(loudness, np.float32), tuple(gains))


def decode_file(codec: Codec, file: DacFile, path: Path, *, as_float: bool = False) -> None:
    """Decode codes to a WAV file, with the original's sample rate, length, channels and level.

    Samples have 16 bits, or 32 as floats. The file is written beside its place and then renamed.
    Raises UserError where the codes are not of this codec.
    """
    _require_fit(codec, file)
    scale = _scale(codec, file)
    audio = (block * scale for block in _decoded(codec, file))
    left, num_channels = file.num_samples, len(file.codes)
    with new_wav(path, file.sample_rate_hz, num_channels, left, as_float=as_float) as wav:
        for block in at_rate(audio, codec.sample_rate_hz, file.sample_rate_hz, num_channels):
            wav.write(block[:left] if as_float else to_int16(block[:left]))
            left -= len(block[:left])
        # Resampling there and back may lose the last samples.
        wav.write(np.zeros((left, num_channels), np.float32))


def _level(codec: Codec, blocks: Iterable[np.ndarray]) -> tuple[float, float]:
    """The gain that brings a channel to the codec's level, and its loudness before, in LUFS."""
    meter = LoudnessMeter(codec.sample_rate_hz)
    gain = whole_gain(blocks, codec.level, codec.sample_rate_hz, meter)
    return gain, max(meter.lufs, QUIETEST_DB)


def _scale(codec: Codec, file: DacFile) -> np.ndarray:
    """The gain that brings each channel back to the original's level, float32 [channels].

    Upstream's files say how loud the original was, but not by which gain it was scaled: the decoded
    audio is measured first. One loudness for several channels is that of all together.
    """
    if file.gains is not None:
        return np.float32(1.0) / np.array(file.gains, np.float32)
    meters = [LoudnessMeter(codec.sample_rate_hz) for _ in file.codes]
    for block in _decoded(codec, file):
        for meter, samples in zip(meters, block.T, strict=True):
            meter.add(samples)
    found = np.array([max(meter.lufs, QUIETEST_DB) for meter in meters])
    if len(file.loudness) == 1:
        found = 10 * np.log10(np.power(10, found / 10).sum(keepdims=True))
    scale: np.ndarray = 10 ** ((file.loudness - found) / 20)
    return scale.astype(np.float32)


def _decoded(codec: Codec, file: DacFile) -> Iterator[np.ndarray]:
    """Samples float32 [T, channels] in pieces, at the codec's rate and level."""
    codes = torch.from_numpy(file.codes.astype(np.int64))
    return (block.numpy().T for block in decode_chunks(codec.network, codes))


def _require_fit(codec: Codec, file: DacFile) -> None:
    """Raise UserError where a file's codes cannot be this codec's."""
    settings = codec.network.settings
    channels, quantizers, frames = file.codes.shape
    if quantizers > settings.num_codebooks:
        raise UserError(
            f"It has codes of {quantizers} quantizers, the model {settings.num_codebooks}: it was "
            "coded by another model."
        )
    highest = int(file.codes.max())
    if highest >= settings.codebook_size:
        raise UserError(
            f"It has a code {highest}, the model's codebooks end at {settings.codebook_size - 1}: "
            "it was coded by another model."
        )
    seconds = file.num_samples / file.sample_rate_hz
    expected = seconds * settings.sample_rate_hz / settings.hop_length
    if abs(frames - expected) > 2 or channels > _MOST_CHANNELS:
        raise UserError(
            f"It has {frames:,} frames of codes where this model has {expected:,.0f} for its "
            f"{seconds:,.2f} s of audio: it is damaged, or was coded by another model."
        )
