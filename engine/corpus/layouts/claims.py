"""What a file claims to be, by its suffix and its first bytes."""

import re
import stat
from pathlib import Path

from engine.corpus.audio.suffixes import AUDIO_SUFFIXES

_FIRST_BYTES = re.compile(
    rb"(RIFF|RIFX|RF64)....WAVE|FORM....AIF|fLaC|OggS|ID3|caff|NIST_1A|\.snd|wvpk|....ftypM4"
    rb"|#!AMR|....ftyp3g|\xff[\xf1\xf2\xf3\xf9\xfa\xfb]",  # the last: frames of AAC and MP3
    re.DOTALL,
)


def claims_audio(path: Path) -> bool:
    """Whether a file's suffix or first bytes say that it is audio.

    Raises OSError where it cannot be read. Pipes and devices are never audio, and never opened.
    """
    if not is_plain_file(path):
        return False
    with path.open("rb", buffering=0) as file:
        return path.suffix.lower() in AUDIO_SUFFIXES or bool(_FIRST_BYTES.match(file.read(12)))


def is_plain_file(path: Path) -> bool:
    """Whether a path, or what it links to, is a file and no pipe, device or folder.

    Raises OSError where it cannot be found out.
    """
    return stat.S_ISREG(path.stat().st_mode)


def is_hidden(inside: str) -> bool:
    """Whether a path inside a corpus folder is hidden: it, or a folder on the way, has a dot."""
    return inside.startswith(".") or "/." in inside
