"""A file in another voice: the conversion of RVC from audio to audio, in bounded memory."""

from collections.abc import Callable, Sequence
from math import isnan, log2
from pathlib import Path

import numpy as np
from attrs import frozen

from engine.analysis.pitch.method import HOP_LENGTH, SAMPLE_RATE_HZ
from engine.corpus.audio.pcm import to_int16
from engine.files.new_wav import new_wav
from engine.metrics.pitch import median_f0
from engine.systems.rvc.conversion.decoding import Decoding
from engine.systems.rvc.conversion.disk_samples import DiskSamples
from engine.systems.rvc.conversion.frames import frames_of
from engine.systems.rvc.conversion.segments import CONTEXT, Segment, segments_of, with_context
from engine.systems.rvc.conversion.source import Source, open_source
from engine.systems.rvc.conversion.voice import Voice, Wishes
from engine.systems.rvc.conversion.volume import envelope_of, levelled

Moved = Callable[[float], None]
"""Called with the share of the work that is done."""


@frozen
class Converted:
    """Facts about a converted file."""

    seconds: float
    semitones: float
    """Semitones by which the pitch was shifted."""
    notes: Sequence[str]
    """Remarks on the file for the user."""

    def sentence(self, sample_rate_hz: int) -> str:
        """The facts in one line."""
        length = f"{self.seconds:,.1f} s at {sample_rate_hz:,} Hz"
        moved = [f"{self.semitones:+g} semitones"] if self.semitones else []
        return ", ".join([length, *moved, *self.notes])


def convert_file(
    voice: Voice, path: Path, target: Path, wishes: Wishes, *, as_float: bool, moved: Moved
) -> Converted:
    """Convert an audio file to a WAV of the same length at the model's sample rate.

    Samples have 16 bits, or 32 as floats. The WAV is written beside its place, then renamed. Raises
    UnusableError where the file cannot be read, UserError where there is nothing to convert.
    """
    with open_source(path, target.parent) as source, DiskSamples(target.parent, "float32") as made:
        parts = segments_of(source.samples)
        pitches = _pitches(voice, source, parts, moved)
        measured = [f0 for f0 in pitches if f0 is not None]
        median = median_f0(np.concatenate(measured or [np.zeros(0)]))
        semitones = wishes.semitones
        if wishes.auto_transpose:
            semitones = _semitones_between(median, voice.median_hz)
        _make(voice, source, parts, pitches, semitones, wishes, made, moved)
        _write(voice, source, made, target, wishes.volume_mix, as_float=as_float)
        notes = _notes(source, has_pitch=voice.pitch is not None, is_voiced=not isnan(median))
        return Converted(source.seconds, semitones, notes)


def _make(
    voice: Voice,
    source: Source,
    parts: Sequence[Segment],
    pitches: Sequence[np.ndarray | None],
    semitones: float,
    wishes: Wishes,
    made: DiskSamples,
    moved: Moved,
) -> None:
    """Append each converted segment to the output."""
    decode = Decoding(voice, wishes.noise_scale, wishes.seed)
    for number, (part, f0) in enumerate(zip(parts, pitches, strict=True)):
        moved(0.5 + 0.5 * number / len(parts))
        frames = frames_of(voice, with_context(source.samples, part), f0, semitones, wishes)
        made.append(decode(frames, CONTEXT // HOP_LENGTH, part.num_frames))


def _write(
    voice: Voice,
    source: Source,
    made: DiskSamples,
    target: Path,
    volume_mix: float,
    *,
    as_float: bool,
) -> None:
    rate = voice.sample_rate_hz
    left = round(source.num_samples * rate / source.sample_rate_hz)
    made.resize(left)  # frames reach over the end of the source
    envelope = None
    if volume_mix < 1:
        envelope = envelope_of(source.samples, SAMPLE_RATE_HZ, made, rate, volume_mix)
    with new_wav(target, rate, 1, left, as_float=as_float) as wav:
        for block in levelled(made, envelope):
            wav.write(block if as_float else to_int16(block))


def _pitches(
    voice: Voice, source: Source, parts: Sequence[Segment], moved: Moved
) -> list[np.ndarray | None]:
    """The pitch in Hz of each segment's frames and their surroundings; None without pitch."""
    found: list[np.ndarray | None] = []
    for number, part in enumerate(parts):
        moved(0.5 * number / len(parts))
        found.append(
            None if voice.pitch is None else voice.pitch(with_context(source.samples, part))
        )
    return found


def _semitones_between(source_hz: float, voice_hz: float | None) -> float:
    """Whole semitones from one median to the other, so that music stays on its scale."""
    if isnan(source_hz) or voice_hz is None:
        return 0.0
    return float(round(12 * log2(voice_hz / source_hz)))


def _notes(source: Source, *, has_pitch: bool, is_voiced: bool) -> Sequence[str]:
    notes = []
    if source.num_channels > 1:
        notes.append(f"its {source.num_channels} channels were mixed")
    if has_pitch and not is_voiced:
        notes.append("no frame of it is voiced")
    return notes
