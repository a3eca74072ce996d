"""Makes a built-in corpus as a folder of WAV files in an ordinary layout."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from joblib import cpu_count

from engine.corpus.builtin.prompts import (
    Voice,
    read_sentences,
    read_templates,
    read_voices,
    read_words,
)
from engine.corpus.builtin.speech import (
    ANYWHERE,
    AT_ANY_PITCH,
    DISTINCT,
    IN_A_STUDIO,
    Manner,
    speak_sentences,
    write_metadata,
)
from engine.corpus.builtin.templates import fill_templates
from engine.corpus.builtin.words import speak_words, write_lists
from engine.errors import UserError

_NUM_GROUPS = 4
"""Fixed, so that the audio does not depend on how many processes this machine runs at once."""
_OF_A_TEMPLATE = {"voice": 16, "cloning": 48}
"""At most so many sentences are made of a template of a corpus."""


def synthesize(corpus: str, prompts: Path, folder: Path) -> None:
    """Write a built-in corpus from the tables in `prompts` into `folder`.

    'words': one-second words in many voices, whole voices held out. 'speech': sentences in several
    languages, which share few words. 'voice': Hungarian sentences of templates in two voices, for
    learning to speak within minutes. A sentence of its that is held out is a new combination of
    words that all occur in training, so its figures say nothing of other text. 'speakers': the
    English sentences of 'speech' in three voices, at any pitch, for converting one to another.
    'cloning': pairs of digits in many voices, each of a pitch and a size of its own, whole voices
    held out.

    Raises UserError for another name, a missing table, or where espeak-ng is not installed.
    """
    voices = read_voices(prompts, corpus)
    folder.mkdir(parents=True)
    if corpus == "words":
        words = read_words(prompts)
        _in_fresh_processes(partial(speak_words, words, folder=folder), voices)
        write_lists(words, voices, folder)
        return
    sentences, manner = _sentences(corpus, prompts)
    _in_fresh_processes(partial(speak_sentences, sentences, manner, folder=folder), voices)
    write_metadata(sentences, voices, folder)


def _sentences(corpus: str, prompts: Path) -> tuple[list[tuple[str, str]], Manner]:
    if corpus == "speech":
        return read_sentences(prompts), ANYWHERE
    if corpus == "speakers":
        return read_sentences(prompts), AT_ANY_PITCH
    if corpus == "voice":
        return _filled(corpus, "hu", prompts), IN_A_STUDIO
    if corpus == "cloning":
        return _filled(corpus, "en", prompts), DISTINCT
    raise UserError(
        f"There is no built-in corpus {corpus!r}, only 'words', 'speech', 'voice', 'speakers' "
        f"and 'cloning'. Set corpora.{corpus}.source in params.toml to a folder below data/."
    )


def _filled(corpus: str, language: str, prompts: Path) -> list[tuple[str, str]]:
    rows = read_templates(prompts, corpus)
    made = fill_templates(rows, _OF_A_TEMPLATE[corpus], f"{corpus}.tsv")
    return [(language, text) for text in made]


def _in_fresh_processes(speak: Callable[..., None], voices: list[Voice]) -> None:
    """Each group of voices in a new process: see Espeak for why the process must be new."""
    groups = [voices[start::_NUM_GROUPS] for start in range(min(_NUM_GROUPS, len(voices)))]
    with ProcessPoolExecutor(cpu_count(), get_context("spawn"), max_tasks_per_child=1) as pool:
        list(pool.map(partial(_call, speak), groups))


def _call(speak: Callable[..., None], voices: list[Voice]) -> None:
    speak(voices=voices)
