"""Finished models: kept whole in their run's folder, and put in place in `models/` by links.

DVC deletes `models/<recipe>` before it runs a stage again. Where training was done and only DVC's
own commit was cut off, the model is put in place a second time, which takes no training and, being
hard links, no disk space.
"""

import errno
import json
import os
import shutil
from contextlib import ExitStack, suppress
from pathlib import Path

from engine.errors import UserError
from engine.files.atomic import replace_folder
from engine.files.checksum import sha256_of
from engine.files.disk import in_words
from engine.runs.folder import RunFolder, write_json

_CHECKSUMS = "model.json"
_CANNOT_LINK = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP)


def keep_model(finished: Path, folder: RunFolder) -> None:
    """Make the folder `finished` the run's model, with checksums beside it."""
    write_json(folder.path / _CHECKSUMS, _digests(finished))
    replace_folder(finished, folder.model)


def find_model_damage(folder: RunFolder) -> str | None:
    """What is wrong with the finished model of a run, in words, or None."""
    try:
        expected = json.loads((folder.path / _CHECKSUMS).read_text(encoding="utf-8"))
        found = _digests(folder.model)
    except (OSError, ValueError):
        return f"{_CHECKSUMS} cannot be read"
    if not isinstance(expected, dict):
        return f"{_CHECKSUMS} is damaged"
    changed = sorted(name for name, _ in expected.items() ^ found.items())
    return f"{changed[0]} was changed or is missing" if changed else None


def place_model(folder: RunFolder, place: Path) -> None:
    """Put a finished model into `place`: hard links, or copies where the disk has none."""
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = place.with_name(f".{place.name}.partial")
    shutil.rmtree(beside, ignore_errors=True)
    try:
        link_tree(folder.model, beside)
        replace_folder(beside, place)
    except OSError:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def link_tree(source: Path, target: Path) -> None:
    """Make a folder whose files are second names of those in `source`.

    Files are copied where the disk cannot link them. Raises OSError at the first that fails.
    """
    target.mkdir(parents=True)
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        if path.is_dir():
            place.mkdir()
        else:
            _link(path, place)


def drop_older_models(folder: RunFolder) -> str | None:
    """Delete the finished models of the recipe's other runs; return a sentence about them.

    Their events stay. A run that another process holds is left alone.
    """
    dropped, num_bytes = [], 0
    for path in sorted(folder.path.parent.iterdir()):
        other = RunFolder(path)
        if path == folder.path or not other.model.is_dir():
            continue
        with ExitStack() as stack, suppress(UserError):
            stack.enter_context(other.locked())
            num_bytes += sum(_room(file) for file in other.model.rglob("*") if file.is_file())
            shutil.rmtree(other.model)
            shutil.rmtree(other.samples, ignore_errors=True)
            dropped.append(path.name)
    if not dropped:
        return None
    return f"deleted the older model of {', '.join(dropped)}: {in_words(num_bytes)} freed"


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _CANNOT_LINK:
            raise
        shutil.copy2(source, target)


def _room(file: Path) -> int:
    """Bytes that deleting a file frees: 0 while it has another hard link."""
    facts = file.stat()
    return facts.st_size if facts.st_nlink == 1 else 0


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): sha256_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
