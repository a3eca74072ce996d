"""Sentences with transcript, speaker and language, in a folder with a `metadata.csv`."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.corpus.builtin.espeak import SAMPLE_RATE_HZ, Espeak
from engine.corpus.builtin.prompts import Voice
from engine.corpus.builtin.room import random_for, record, write_wav
from engine.corpus.layouts.metadata import METADATA
from engine.corpus.pcm import FULL_SCALE

_WORDS_A_MINUTE = (140, 180)
_PITCH = (40, 60)
_PAUSE = np.zeros(SAMPLE_RATE_HZ // 10, np.float32)

Sentences = Sequence[tuple[str, str]]


def speak_sentences(sentences: Sentences, voices: Sequence[Voice], folder: Path) -> None:
    """Write `<voice>/<number>.wav`: each voice says the sentences of its language."""
    espeak = Espeak()
    for voice in voices:
        (folder / voice.name).mkdir(parents=True)
        for number, text in _of(voice, sentences):
            random = random_for(text, voice.name)
            rate, pitch = int(random.integers(*_WORDS_A_MINUTE)), int(random.integers(*_PITCH))
            spoken = espeak.say(text, voice=voice.name, rate=rate, pitch=pitch)
            with_pauses = np.concatenate([_PAUSE, spoken.astype(np.float32) / FULL_SCALE, _PAUSE])
            path = folder / _name(voice, number)
            write_wav(path, record(with_pauses, random), SAMPLE_RATE_HZ)


def write_metadata(sentences: Sentences, voices: Sequence[Voice], folder: Path) -> None:
    """Write the table of all sentences: path|text|speaker|language."""
    lines = [
        f"{_name(voice, number)}|{text}|{voice.name}|{voice.language}\n"
        for voice in voices
        for number, text in _of(voice, sentences)
    ]
    header = "path|text|speaker|language\n"
    (folder / METADATA).write_text(header + "".join(lines), encoding="utf-8")


def _of(voice: Voice, sentences: Sentences) -> list[tuple[int, str]]:
    texts = [text for language, text in sentences if language == voice.language]
    return list(enumerate(texts))


def _name(voice: Voice, number: int) -> str:
    return f"{voice.name}/{number:03d}.wav"
