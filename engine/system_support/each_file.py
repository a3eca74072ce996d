"""Work that a command does for file after file, whatever becomes of others."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import click
from attrs import frozen

from engine.corpus.audio.unusable import UnusableError
from engine.errors import UserError
from engine.files.text import visible_lines
from engine.terminal.file_progress import file_progress
from engine.terminal.say import say

FAILED = 2
"""Exit code where a file could not be done."""


@frozen
class Job:
    """A file, and what is to be made of it."""

    source: Path
    target: Path


@frozen
class Tally:
    """How many files were done, were there already, and could not be done."""

    done: int
    kept: int
    failed: int

    @property
    def code(self) -> int:
        """The exit code."""
        return FAILED if self.failed else 0


Work = Callable[[Job, Callable[[float], None]], str]
"""Makes a file's target and says what it made; what it is given takes the share that is done."""


def jobs_for(files: Sequence[Path], folder: Path | None, ending: str) -> list[Job]:
    """A job for every file: the target is named as it, with `ending`, in `folder` or beside it."""
    places = ((path.parent if folder is None else folder) for path in files)
    return [
        Job(path, place / f"{path.stem}{ending}") for path, place in zip(files, places, strict=True)
    ]


def each_file(
    jobs: Sequence[Job], title: str, work: Work, *, force: bool, keep: bool = False
) -> Tally:
    """Do the work for every file. A folder that is missing is made.

    A target that exists is an error of its file without `force`; with `keep` it is left as it is,
    and counted. Raises UserError where two files would become one.
    """
    _require_different(jobs)
    done = kept = failed = 0
    with file_progress(title) as progress:
        for number, job in enumerate(jobs):
            progress(number, len(jobs))
            if keep and not force and job.target.exists():
                kept += 1
                continue
            try:
                _check(job, force=force)
                say(f"{job.target}: {work(job, partial(_move, progress, number, len(jobs)))}")
                done += 1
            except (UserError, UnusableError, OSError) as error:
                _complain(job, str(error))
                failed += 1
            except (RuntimeError, MemoryError) as error:  # of PyTorch and faiss, for this file
                _complain(job, f"{type(error).__name__}: {error}".removesuffix(": "))
                failed += 1
    return Tally(done, kept, failed)


def _move(progress: Callable[[float, int], None], number: int, total: int, share: float) -> None:
    progress(number + share, total)


def _complain(job: Job, error: str) -> None:
    # A sentence of the engine may name the file already; that of a decoder does not.
    place = "" if str(job.source) in error else f"{job.source}: "
    click.echo(f"error: {visible_lines(f'{place}{error}')}", err=True)


def _require_different(jobs: Sequence[Job]) -> None:
    seen: set[Path] = set()
    for job in jobs:
        if job.target in seen:
            raise UserError(
                f"Several of the files would become {job.target}: give them one by one."
            )
        seen.add(job.target)


def _check(job: Job, *, force: bool) -> None:
    if not job.source.is_file():
        raise UserError(f"There is no file {job.source}.")
    if job.target.exists():
        if job.target.samefile(job.source):
            raise UserError(
                f"{job.source} would be overwritten by what is made of it: name another output."
            )
        if not force:
            raise UserError(f"{job.target} exists already: --force overwrites it.")
    job.target.parent.mkdir(parents=True, exist_ok=True)
