"""A folder as `cantus adopt` takes it.

What lies packed in Parquet files is unpacked, Asterisk's recordings are gathered with their texts.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.corpus.debian_sounds import find_voices, gather
from engine.corpus.layouts.claims import is_hidden
from engine.corpus.layouts.walk import walk
from engine.corpus.parquet import SUFFIX, unpack_parquet
from engine.errors import UserError


@contextmanager
def unpacked(folder: Path, scratch: Path) -> Iterator[Path]:
    """The folder itself; where it has to be unpacked or gathered, a copy of it below `scratch`.

    `data/train-0.parquet` becomes the folder `data/train-0`; Asterisk's recordings as Debian packs
    them become what engine/corpus/debian_sounds.py says. The copy is deleted at the end. Raises
    UserError where a Parquet file cannot be unpacked, or something of a package is missing.
    """
    inside = [path for path in walk(folder) if not is_hidden(path)] if folder.is_dir() else []
    voices = find_voices(folder, inside)
    if not voices and not any(path.lower().endswith(SUFFIX) for path in inside):
        yield folder
        return
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch, prefix=".adopted.") as place:
        copy = Path(place) / folder.name
        try:
            if voices:
                gather(voices, folder, inside, copy)
            else:
                for path in sorted(inside):
                    _take(folder / path, copy / path)
        except OSError as error:
            raise UserError(
                f"{folder} cannot be unpacked to {place}: {error.strerror}. Put that right and "
                "adopt again."
            ) from error
        yield copy


def _take(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix.lower() == SUFFIX:
        unpack_parquet(source, target.with_suffix(""))
    else:
        shutil.copyfile(source, target)
