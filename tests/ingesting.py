"""Ingests in processes of their own, which can be killed, and on disks that are too small."""

import os
import sys
import traceback
from pathlib import Path

from engine.corpus import ingest
from engine.errors import UserError
from engine.files.disk import refusals_in_words
from engine.project import Project
from engine.recipe.params import CorpusSource, Work
from tests.training.small_disk import mount, resize

SOURCE = CorpusSource(source="data/words", sample_rates_hz=(16_000,), at_most_bad=0.1)
_LARGEST = 1 << 26


def ingest_words(root: Path, num_workers: int = 1) -> None:
    """What `cantus ingest words` does, with its exit code and its words in `root/error`."""
    try:
        with refusals_in_words("A file", root):
            ingest("words", SOURCE, Project(root), work=Work(num_workers=num_workers))
    except UserError as error:
        (root / "error").write_text(str(error))
        sys.exit(2)


def fill_again_and_again(root: Path, whole: dict[str, bytes]) -> None:
    """Ingest on a disk that grows after each failure, until it is enough."""
    mount(root / "build", 1 << 14)
    size, refusals = 1 << 14, 0
    while (code := _attempt(root)) != 0:
        assert code == 2, code
        error = (root / "error").read_text()
        assert "Free space" in error, error
        refusals += 1
        size += 1 << 15
        assert size < _LARGEST
        resize(root / "build", size)
    assert refusals > 3
    assert contents(root / "build" / "corpus" / "words") == whole


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def _attempt(root: Path) -> int:
    """In a child of this process, which sees its disks."""
    child = os.fork()
    if child == 0:
        try:
            ingest_words(root)
        except SystemExit as left:
            os._exit(int(left.code or 0))
        except BaseException:  # noqa: BLE001 (told to the parent by the exit code)
            traceback.print_exc()
            os._exit(99)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
