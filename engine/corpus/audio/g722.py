"""ITU-T G.722 at 64 kbit/s, as telephones store it: samples without a header, 16 kHz, one channel.

Any bytes decode as G.722, so that its name alone says what a file holds, and a file that begins as
something else is refused.
"""

import re
from pathlib import Path

_OTHERS = {
    "an archive": rb"PK\x03\x04|\x1f\x8b|BZh|\xfd7zXZ|7z\xbc\xaf|!<arch>|\x28\xb5\x2f\xfd",
    "a picture": rb"\x89PNG|\xff\xd8\xff|GIF8",
    "a program": rb"\x7fELF|MZ\x90",
    "a document": rb"%PDF",
}


def is_g722(path: Path) -> bool:
    """Whether a file claims, by its suffix, to be G.722."""
    return path.suffix.lower() == ".g722"


def other_than_g722(head: bytes) -> str | None:
    """What a file is whose first bytes are no G.722, in words; None where they may be."""
    for what, opening in _OTHERS.items():
        if re.match(opening, head):
            return what
    return "text" if _is_text(head) else None


def _is_text(head: bytes) -> bool:
    """Whether it is UTF-8; a letter may be cut at the end. G.722 sets the highest bit anywhere."""
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return error.start > 0 and error.start >= len(head) - 3
    return True
