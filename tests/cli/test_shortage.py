"""Errors that come from a want of memory, threads or open files."""

import errno
import os

import pytest

from engine.cli.shortage import shortages_in_words
from engine.errors import UserError


def refused(number: int) -> OSError:
    return OSError(number, os.strerror(number))


@pytest.mark.parametrize(
    ("error", "lacking"),
    [
        (MemoryError(), "memory: MemoryError."),
        (refused(errno.ENOMEM), "memory: "),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: 8 bytes"), "memory: Default"),
        (RuntimeError("CUDA out of memory. Tried to allocate 2 GiB.\nSee"), "memory: CUDA out of"),
        (ImportError("libx.so: failed to map segment from shared object"), "memory: libx.so"),
        (RuntimeError("can't start new thread"), "threads: can't start new thread."),
        (refused(errno.EMFILE), "open files: "),
    ],
)
def test_what_is_lacking_is_named(error, lacking):
    with pytest.raises(UserError, match=f"no more {lacking}") as caught, shortages_in_words():
        raise error
    assert "\n" not in str(caught.value)


def test_the_cause_of_an_error_counts():
    with pytest.raises(UserError, match="no more memory: MemoryError"), shortages_in_words():
        raise RuntimeError("cannot begin") from MemoryError()


def test_mistakes_of_the_engine_stay_what_they_are():
    with pytest.raises(ImportError, match="no such name"), shortages_in_words():
        raise ImportError("no such name")
