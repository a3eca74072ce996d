"""Many files that are computed once and kept: by all workers, and again only where they lack."""

from collections.abc import Generator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from attrs import frozen

from engine.features.cache import Features, Key, Write
from engine.parallel.work import run_over
from engine.recipe.params import Work
from engine.terminal.file_progress import file_progress


@frozen
class Job:
    """A file that is to be made. It pickles, and so must `write`."""

    name: str
    key: Key
    write: Write


def make_files(
    features: Features, jobs: Sequence[Job], work: Work | None, title: str
) -> list[Path]:
    """The file of every job, in their order; those that are kept already are not made again.

    Without `work` this process makes them, as where a GPU computes. What was made stays when the
    process is killed. Raises what a job raises.
    """
    paths = [features.kept(job.name, job.key) for job in jobs]
    missing = [place for place, path in enumerate(paths) if path is None]
    if missing:
        with file_progress(title) as move, closing(_made(features, jobs, missing, work)) as made:
            for done, (place, path) in enumerate(zip(missing, made, strict=True), start=1):
                paths[place] = path
                features.used.append(path)
                move(done, len(missing))
    return [path for path in paths if path is not None]


def _made(
    features: Features, jobs: Sequence[Job], places: Sequence[int], work: Work | None
) -> Generator[Path, None, None]:
    make, items = partial(_make, features.folder), [jobs[place] for place in places]
    if work is None or (work.backend == "cores" and 1 in (work.num_workers, len(items))):
        # One worker would have to be started, and would do it all.
        yield from map(make, items)
        return
    with closing(run_over(make, items, work)) as results:
        yield from results


def _make(folder: Path, job: Job) -> Path:
    return Features(folder).file(job.name, job.key, job.write)
