"""Ingests that are killed, and disks that are full: what is made in the end is what it would be.

CANTUS_KILLS=100 kills a hundred.
"""

import os
import random
import time

import pytest

from tests.ingesting import contents, fill_again_and_again, ingest_words
from tests.training.small_disk import NOT_PERMITTED, in_namespace
from tests.training.train_toy import start_other

NUM_KILLS = int(os.environ.get("CANTUS_KILLS", "8"))


@pytest.fixture
def root(project, tone):
    """A project with 300 short tones and a bad file."""
    folder = project.root / "data" / "words"
    for number in range(300):
        tone(folder / f"{number:03d}.wav", hz=100 + 7 * number, seconds=0.11)
    (folder / "bad.wav").write_text("text")
    return project.root


@pytest.fixture
def whole(root):
    """What an undisturbed ingest makes of it."""
    ingest_words(root)
    made = contents(root / "build" / "corpus" / "words")
    forget(root)
    return made


def forget(root):
    for path in sorted((root / "build").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


def test_kills_at_any_instant_change_nothing(root, whole):
    for _ in range(2):  # the first of them starts what all the others are forked from
        forget(root)
        start = time.monotonic()
        finish(start_other(ingest_words, root))
        lasts = time.monotonic() - start
    random.seed(NUM_KILLS)
    for number in range(NUM_KILLS):
        if number % 2:
            forget(root)
        process = start_other(ingest_words, root, 1 + number % 2)
        time.sleep(random.uniform(0, lasts))
        process.kill()
        process.join()
    finish(start_other(ingest_words, root))
    assert contents(root / "build" / "corpus" / "words") == whole
    left = {path.name for path in (root / "build" / "corpus").iterdir()}
    assert left == {"words"}


def finish(process):
    process.join()
    assert process.exitcode == 0


def test_a_disk_that_is_full_at_any_write_costs_nothing(root, whole):
    code = in_namespace(fill_again_and_again, root, whole)
    if code == NOT_PERMITTED:
        pytest.skip("this system lets nobody mount a disk")
    assert code == 0
