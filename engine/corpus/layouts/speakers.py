"""Speakers that folders name: any folder where the user says so, or those of known corpora."""

import re
import sqlite3
from collections.abc import Callable
from pathlib import PurePosixPath

from engine.corpus.layouts.database import decode, encode
from engine.corpus.layouts.librispeech import chapter_of

_VCTK, _TIMIT = r"p\d{3}|s5", r"[FM][A-Z]{3}\d"
_ARCTIC, _AISHELL = r"cmu_us_(\w+)_arctic", r"S(SB)?\d{4}"
_SPEAKER = re.compile(rf"{_VCTK}|{_TIMIT}")


def name_speakers(database: sqlite3.Connection, speaker_of: Callable[[str], str | None]) -> None:
    """Candidates without a speaker get the one that their path names, where it names one."""
    database.create_function("speaker_of", 1, lambda path: encode(speaker_of(decode(path))))
    database.execute("UPDATE candidates SET speaker = speaker_of(path) WHERE speaker IS NULL")


def speaker_by_folder(path: str) -> str | None:
    """The speaker of a clip of VCTK, TIMIT, CMU ARCTIC, AISHELL or LibriTTS; else None.

    VCTK's and TIMIT's speakers are folders (`p225`, `FCJF0`); LibriTTS's lie around the chapters,
    and clips are named by both: `84/121/84_121_000001_000000.wav`.
    """
    *folders, name = PurePosixPath(path).parts
    if folders and _SPEAKER.fullmatch(folders[-1]):
        return folders[-1]
    around = re.fullmatch(_ARCTIC, folders[-2]) if len(folders) > 1 else None
    if around:
        return around[1]
    if folders and re.fullmatch(_AISHELL, folders[-1]) and folders[-1] in name:
        return folders[-1]
    chapter = chapter_of(PurePosixPath(name).stem)
    return chapter[0] if chapter and tuple(folders[-2:]) == chapter else None
