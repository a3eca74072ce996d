"""What a cell looks like that names an audio file."""

import posixpath

from engine.corpus.audio.suffixes import AUDIO_SUFFIXES

_LONGEST = 1024
_MOST_SPACES = 2


def has_audio_suffix(name: str) -> bool:
    """Whether a name ends as those of audio files do."""
    return posixpath.splitext(name)[1].lower() in AUDIO_SUFFIXES


def may_be_name(cell: str) -> bool:
    """Whether a name may be looked up: sentences may not."""
    if len(cell) > _LONGEST or "\n" in cell:
        return False
    return has_audio_suffix(cell) or cell.count(" ") <= _MOST_SPACES
