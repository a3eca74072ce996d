"""Texts of any length spoken into a file, piece by piece: memory holds one piece at a time."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from attrs import evolve, field, frozen

from engine.corpus.audio.pcm import to_int16
from engine.errors import UserError
from engine.files.new_wav import new_wav
from engine.files.text import visible
from engine.systems.xtts.network.mel import CODE_STRIDE
from engine.systems.xtts.network.mel import SAMPLE_RATE_HZ as CODE_RATE_HZ
from engine.systems.xtts.recipe import Dataset
from engine.systems.xtts.speech.exported import Exported
from engine.systems.xtts.speech.speak import CODES_PER_SECOND, Voice
from engine.systems.xtts.speech.split_text import Piece, is_punctuation, split_text
from engine.systems.xtts.text.tokenizer import Tokenizer, character_limit, language_token

_PAUSE_SECONDS, _SHORT_PAUSE_SECONDS = 0.25, 0.1
"""After a sentence, and after a part of one."""
_SHOWN = 20


@frozen
class SpokenFile:
    """Facts about a file of speech."""

    path: Path
    seconds: float
    sample_rate_hz: int
    notes: Sequence[str] = field(factory=list)
    """Sentences on defects of pieces."""


@frozen
class Speakable:
    """A text in pieces that a model can speak."""

    pieces: Sequence[Piece]
    left_out: Sequence[str]
    """Punctuation that the vocabulary lacks, and that is left out."""


def speakable(text: str, exported: Exported, language: str, trained_on: Dataset) -> Speakable:
    """The sentences of a text, cut where one is longer than the GPT was trained on.

    Raises UserError where the model does not speak the language, there is nothing to speak, or the
    vocabulary lacks a letter.
    """
    reader, tokenizer = exported.reader, exported.tokenizer
    if language_token(language)[1:-1] not in tokenizer.languages:
        raise UserError(
            f"The model speaks {', '.join(tokenizer.languages)}, not {language!r}: see --language."
        )
    most_tokens = min(trained_on.max_text_tokens, reader.gpt.settings.max_text_tokens)
    most_codes = min(trained_on.max_seconds * CODES_PER_SECOND, reader.gpt.settings.max_spoken)
    most_characters = min(character_limit(language), int(most_codes / reader.codes_per_character))

    def fits(piece: str) -> bool:
        if len(piece) > most_characters:
            return False
        return len(tokenizer.encode(piece, language)) <= most_tokens

    pieces = split_text(text, fits)
    if not pieces:
        raise UserError("There is nothing to speak in the text.")
    unknown = _unknown(pieces, tokenizer, language)
    marks = [one for one in unknown if is_punctuation(one)]
    _require_known_letters({one: unknown[one] for one in unknown if one not in marks}, language)
    without = str.maketrans(dict.fromkeys(marks, " "))
    return Speakable([evolve(one, text=one.text.translate(without)) for one in pieces], marks)


def _unknown(pieces: Sequence[Piece], tokenizer: Tokenizer, language: str) -> dict[str, str]:
    """What the vocabulary lacks, each with the first piece that has it."""
    found: dict[str, str] = {}
    for piece in pieces:
        for letter in tokenizer.unknown(piece.text, language):
            found.setdefault(letter, piece.text)
    return found


def _require_known_letters(unknown: Mapping[str, str], language: str) -> None:
    if unknown:
        letters = " ".join(list(unknown)[:_SHOWN])
        more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
        raise UserError(
            f"The model's vocabulary lacks {visible(letters)}{more}, first in "
            f"{visible(next(iter(unknown.values()))[:60])!r}. Write it in letters that the "
            f"language {language!r} has."
        )


def speak_to_file(
    exported: Exported,
    pieces: Sequence[Piece],
    language: str,
    voice: Voice,
    seed: int,
    path: Path,
    progress: Callable[[], None],
) -> SpokenFile:
    """Speak pieces one after another into a WAV; each is sampled with the same seed.

    The file is written beside and renamed. `progress` is called after each piece.
    """
    reader, rate = exported.reader, exported.reader.renderer.sample_rate_hz
    characters = sum(len(piece.text) for piece in pieces)
    codes = characters * reader.codes_per_character
    notes, num_samples = [], 0
    with new_wav(path, rate, 1, round(codes * CODE_STRIDE * rate / CODE_RATE_HZ)) as wav:
        for number, piece in enumerate(pieces, start=1):
            tokens = exported.tokenizer.encode(piece.text, language)
            reading = reader.read(piece.text, tokens, voice, seed)
            audio = [to_int16(reading.spoken.waveform.numpy())]
            if number < len(pieces):
                pause = _PAUSE_SECONDS if piece.ends_sentence else _SHORT_PAUSE_SECONDS
                audio.append(np.zeros(round(pause * rate), np.int16))
            for samples in audio:
                wav.write(samples)
                num_samples += len(samples)
            notes += [f"{visible(piece.text[:60])!r}: {odd}" for odd in reading.oddities]
            progress()
    return SpokenFile(path, num_samples / rate, rate, notes)
