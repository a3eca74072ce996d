"""Speech Commands (Warden, 2018): a folder a word, speakers in the names, official lists."""

import hashlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from engine.corpus.layouts.candidate import Candidate, Found, Listing
from engine.corpus.manifest import Listed, Quarantined

LISTS: Mapping[str, Listed] = {"validation_list.txt": "eval", "testing_list.txt": "test"}
NOISE = "_background_noise_"

_MARK = "_nohash_"
_MAX_CLIPS_PER_WORD = 2**27 - 1


def is_speech_commands(folder: Path, found: Found) -> bool:
    """Whether an official list or the way the files are named gives the layout away."""
    if any((folder / name).is_file() for name in LISTS):
        return True
    return bool(found.audio) and all(_MARK in path for path in _words(found))


def list_speech_commands(folder: Path, found: Found) -> Listing:
    """Label = folder, speaker = the name's part before `_nohash_`; background noise is no clip.

    Where the official lists are absent, the rule by which they were made takes their place.
    """
    named = _read_lists(folder)
    words = _words(found)
    by_rule = not named
    present = {*words, *(one.path for one in found.unreadable)}
    return Listing(
        layout="speech_commands",
        candidates=tuple(_candidate(path, named, by_rule=by_rule) for path in words),
        missing=tuple(
            Quarantined(path=path, reason="unreadable", detail=f"named in {place}, but not there")
            for path, (_, place) in sorted(named.items())
            if path not in present
        ),
        num_other_files=found.num_others + len(found.audio) - len(words),
    )


def list_by_rule(speaker: str) -> Listed:
    """Which list a speaker is on, by the rule `which_set` of the dataset's README.

    SHA-1 of the speaker, reduced to a percentage: below 10 validation, below 20 testing.
    """
    number = int(hashlib.sha1(speaker.encode("utf-8", "surrogateescape")).hexdigest(), 16)
    percentage = number % (_MAX_CLIPS_PER_WORD + 1) * (100.0 / _MAX_CLIPS_PER_WORD)
    return "eval" if percentage < 10 else "test" if percentage < 20 else "train"


def _words(found: Found) -> list[str]:
    return [path for path in found.audio if PurePosixPath(path).parts[0] != NOISE]


def _read_lists(folder: Path) -> dict[str, tuple[Listed, str]]:
    named: dict[str, tuple[Listed, str]] = {}
    for name, listed in LISTS.items():
        if (folder / name).is_file():
            text = (folder / name).read_text(encoding="utf-8", errors="surrogateescape")
            for number, line in enumerate(text.split("\n"), start=1):
                if line.strip():
                    named[line.strip()] = (listed, f"{name} line {number}")
    return named


def _candidate(path: str, named: Mapping[str, tuple[Listed, str]], *, by_rule: bool) -> Candidate:
    word, name = PurePosixPath(path).parent.name, PurePosixPath(path).name
    speaker = name.split(_MARK)[0] if _MARK in name else None
    official: Listed = named[path][0] if path in named else "train"
    return Candidate(
        path=path,
        speaker=speaker,
        label=word or None,
        text=word or None,
        listed=list_by_rule(speaker) if by_rule and speaker else official,
    )
