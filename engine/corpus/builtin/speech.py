"""Sentences with transcript, speaker and language, in a folder with a `metadata.csv`."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soxr
from attrs import frozen

from engine.corpus.audio.pcm import FULL_SCALE
from engine.corpus.builtin.espeak import SAMPLE_RATE_HZ, Espeak
from engine.corpus.builtin.prompts import Voice
from engine.corpus.builtin.room import (
    NOISE_DBFS,
    PEAK_DBFS,
    random_for,
    record,
    write_wav,
)
from engine.corpus.layouts.tables import METADATA

_PAUSE = np.zeros(SAMPLE_RATE_HZ // 10, np.float32)

Sentences = Sequence[tuple[str, str]]


@frozen
class Manner:
    """How sentences are spoken and recorded: ranges that each of them draws from."""

    words_a_minute: tuple[int, int]
    """Whole numbers, the upper end excluded; so is `pitch`, of 0 to 99."""
    pitch: tuple[int, int]
    peak_dbfs: tuple[float, float]
    noise_dbfs: tuple[float, float]
    distinct: bool = False
    """Whether each voice draws a pitch and a size of its own, for all its sentences."""


ANYWHERE = Manner((140, 180), (40, 60), PEAK_DBFS, NOISE_DBFS)
IN_A_STUDIO = Manner((160, 161), (50, 51), (-9.0, -8.0), (-80.0, -79.0))
"""One pace, pitch and level: a voice and its words are all there is to learn."""
AT_ANY_PITCH = Manner((140, 190), (5, 95), (-9.0, -8.0), (-80.0, -79.0))
"""Over one and a half octaves: pitch is learned apart from the voice and from what is said."""
DISTINCT = Manner((155, 166), (5, 96), (-9.0, -8.0), (-56.0, -55.0), distinct=True)
"""Pitch and size distinguish voices, as with people: espeak-ng's variants differ little."""
_SIZES = (0.8, 1.25)
"""Factors on all resonances of a voice: a short vocal tract has high ones."""


def speak_sentences(
    sentences: Sentences, manner: Manner, voices: Sequence[Voice], folder: Path
) -> None:
    """Write `<voice>/<number>.wav`: each voice says the sentences of its language."""
    espeak = Espeak()
    for voice in voices:
        (folder / voice.name).mkdir(parents=True)
        for number, text in _of(voice, sentences):
            random = random_for(text, voice.name)
            rate = int(random.integers(*manner.words_a_minute))
            of_voice = random_for(voice.name) if manner.distinct else random
            pitch = int(of_voice.integers(*manner.pitch))
            size = float(np.exp(of_voice.uniform(*np.log(_SIZES)))) if manner.distinct else 1.0
            spoken = espeak.say(text, voice=voice.name, rate=round(rate / size), pitch=pitch)
            resized = _resized(spoken.astype(np.float32) / FULL_SCALE, size)
            with_pauses = np.concatenate([_PAUSE, resized, _PAUSE])
            recorded = record(with_pauses, random, manner.peak_dbfs, manner.noise_dbfs)
            write_wav(folder / _name(voice, number), recorded, SAMPLE_RATE_HZ)


def _resized(voice: np.ndarray, size: float) -> np.ndarray:
    """A voice [samples] with its resonances, its pitch and its pace times `size`."""
    if size == 1.0:
        return voice
    resized: np.ndarray = soxr.resample(voice, SAMPLE_RATE_HZ * size, SAMPLE_RATE_HZ)
    return resized


def write_metadata(sentences: Sentences, voices: Sequence[Voice], folder: Path) -> None:
    """Write the table of all sentences; it has a column `split` where voices are held out."""
    held_out = any(voice.listed for voice in voices)
    lines = [
        f"{_name(voice, number)}|{text}|{voice.name}|{voice.language}"
        + (f"|{voice.listed}" if held_out else "")
        for voice in voices
        for number, text in _of(voice, sentences)
    ]
    header = "path|text|speaker|language" + ("|split" if held_out else "")
    (folder / METADATA).write_text("\n".join([header, *lines, ""]), encoding="utf-8")


def _of(voice: Voice, sentences: Sentences) -> list[tuple[int, str]]:
    texts = [text for language, text in sentences if language == voice.language]
    return list(enumerate(texts))


def _name(voice: Voice, number: int) -> str:
    return f"{voice.name}/{number:03d}.wav"
