"""Work that a command does file by file: one that fails does not stop the others."""

from collections.abc import Callable
from functools import partial

from engine.corpus.audio.unusable import UnusableError
from engine.errors import UserError
from engine.system_support.file_jobs import FAILED, Batch, Job
from engine.terminal.file_progress import file_progress
from engine.terminal.say import complain, say

Work = Callable[[Job, Callable[[float], None]], str]
"""Makes a file's target and returns a line about it; its second argument takes the share done."""


def each_file(batch: Batch, title: str, verb: str, work: Work) -> int:
    """Do the work for every file of a batch, print a line about each, and return the exit code.

    `title` stands beside the bar ("converting"), `verb` in the counts at the end ("converted"). A
    folder that is missing is made.
    """
    done = failed = 0
    with file_progress(title) as progress:
        for number, job in enumerate(batch.jobs):
            progress(number, len(batch.jobs))
            share = partial(_move, progress, number, len(batch.jobs))
            try:
                job.target.parent.mkdir(parents=True, exist_ok=True)
                say(f"{job.target}: {work(job, share)}")
                done += 1
            except (UserError, UnusableError, OSError) as error:
                _complain(job, str(error))
                failed += 1
            except (RuntimeError, MemoryError) as error:  # of PyTorch and faiss, for this file
                _complain(job, f"{type(error).__name__}: {error}".removesuffix(": "))
                failed += 1
    if summary := batch.summary(done, failed, verb):
        say(summary)
    return FAILED if failed else batch.code


def nothing_left(batch: Batch, verb: str) -> bool:
    """Whether there is nothing to do; then the counts are printed here."""
    if batch.jobs:
        return False
    if summary := batch.summary(0, 0, verb):
        say(summary)
    return True


def _move(progress: Callable[[float, int], None], number: int, total: int, share: float) -> None:
    progress(number + share, total)


def _complain(job: Job, error: str) -> None:
    # A sentence of the engine may name the file already; that of a decoder does not.
    complain(error if str(job.source) in error else f"{job.source}: {error}")
