"""Files that are either the old ones or the new ones, whatever happens while they are written."""

import os
from pathlib import Path


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write `content` beside `path`, force it to the disk, then rename it over `path`.

    The folder is made where it is missing. A reader never sees half a file, and a hard link that
    DVC's cache holds to the old file is left as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
