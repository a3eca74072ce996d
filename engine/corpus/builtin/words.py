"""One-second words in many voices, in the layout of Speech Commands."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soxr

from engine.corpus.audio.pcm import FULL_SCALE
from engine.corpus.builtin.espeak import SAMPLE_RATE_HZ, Espeak
from engine.corpus.builtin.prompts import Voice
from engine.corpus.builtin.room import random_for, record, write_wav
from engine.corpus.layouts.speech_commands import LISTS

WORD_RATE_HZ = 16_000
NUM_TAKES = 2
"""How often each voice says each word, at another rate, pitch, level and place in the second."""

_WORDS_A_MINUTE = (120, 200)
_PITCH = (30, 70)


def speak_words(words: Sequence[str], voices: Sequence[Voice], folder: Path) -> None:
    """Write `<word>/<voice>_nohash_<take>.wav` for some voices."""
    espeak = Espeak()
    for word in words:
        (folder / word).mkdir(parents=True, exist_ok=True)
    for voice in voices:
        for word in words:
            for take in range(NUM_TAKES):
                samples = _one_second(espeak, word, voice.name, take)
                write_wav(folder / word / _name(voice, take), samples, WORD_RATE_HZ)


def write_lists(words: Sequence[str], voices: Sequence[Voice], folder: Path) -> None:
    """Write the validation and testing lists: whole voices, so that none is in two sets."""
    for name, listed in LISTS.items():
        lines = [
            f"{word}/{_name(voice, take)}\n"
            for word in words
            for voice in voices
            if voice.listed == listed
            for take in range(NUM_TAKES)
        ]
        (folder / name).write_text("".join(lines), encoding="utf-8")


def _name(voice: Voice, take: int) -> str:
    return f"{voice.name}_nohash_{take}.wav"


def _one_second(espeak: Espeak, word: str, voice: str, take: int) -> np.ndarray:
    random = random_for(word, voice, take)
    rate, pitch = int(random.integers(*_WORDS_A_MINUTE)), int(random.integers(*_PITCH))
    spoken = espeak.say(word, voice=voice, rate=rate, pitch=pitch)
    spoken = soxr.resample(spoken.astype(np.float32) / FULL_SCALE, SAMPLE_RATE_HZ, WORD_RATE_HZ)
    spoken = spoken[:WORD_RATE_HZ]
    second = np.zeros(WORD_RATE_HZ, np.float32)
    start = int(random.integers(0, WORD_RATE_HZ - len(spoken) + 1))
    second[start : start + len(spoken)] = spoken
    return record(second, random)
