"""Which files a command makes of which: of files, and of all files below folders. No torch.

Everything that can be refused is refused here, before a network is loaded.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from attrs import frozen

from engine.corpus.layouts.claims import claims_audio, is_hidden
from engine.errors import UserError
from engine.terminal.say import complain

FAILED = 2
"""Exit code where a file could not be processed."""
_WAV = ".wav"


@frozen
class Job:
    """A file, and what is to be made of it."""

    source: Path
    target: Path
    is_of_folder: bool = False
    """Whether a folder was named that holds the source: a target that exists is no error then."""


@frozen
class Batch:
    """The jobs that can be done, and how many others there were."""

    jobs: Sequence[Job]
    kept: int = 0
    """Targets that exist already, of files of a folder."""
    failed: int = 0
    """Files that are missing, or whose target would be overwritten."""
    ignored: int = 0
    """Files of the folders that are of another kind."""

    @property
    def code(self) -> int:
        """The exit code where nothing more is done."""
        return FAILED if self.failed else 0

    def summary(self, done: int, failed: int, verb: str) -> str | None:
        """Counts of all files, with a `verb` such as "converted"; None for a single file."""
        parts = [f"{done:,} {verb}"]
        if self.kept:
            parts.append(f"{self.kept:,} existing kept (--force overwrites them)")
        if failed + self.failed:
            parts.append(f"{failed + self.failed:,} failed")
        if self.ignored:
            parts.append(f"{self.ignored:,} of another kind ignored")
        total = done + failed + self.kept + self.failed + self.ignored
        return "; ".join(parts) if total > 1 else None


@frozen
class Kind:
    """The files of a folder that a command reads."""

    name: str
    """In the plural, for errors."""
    includes: Callable[[Path], bool]


def _is_audio(path: Path) -> bool:
    """By its suffix, or its first bytes."""
    try:
        return claims_audio(path)
    except OSError:
        return True  # the decoder says why it cannot be read


AUDIO = Kind("audio files", _is_audio)


def find_jobs(
    sources: Sequence[Path],
    folder: Path | None,
    ending: str,
    *,
    force: bool,
    kind: Kind = AUDIO,
) -> Batch:
    """The jobs of files and folders: each target is named as its source, with `ending`.

    It lies in `folder`, there in the same subfolders as below a source folder, or beside its
    source. Hidden files of a source folder are passed over. Of missing files, and of targets that
    exist, an error is printed, and they are counted; without `force` nothing is overwritten.
    Raises UserError where a folder holds no file of this kind, where results would lie among the
    sources, and where two files would become one.
    """
    found = [_below(source, folder, ending, kind) for source in sources]
    jobs = [*chain.from_iterable(jobs for jobs, _ in found)]
    return checked(jobs, force=force, ignored=sum(ignored for _, ignored in found))


def checked(jobs: Sequence[Job], *, force: bool, ignored: int = 0) -> Batch:
    """The jobs that can be done; an error is printed of each that cannot.

    Raises UserError where two would write the same file.
    """
    _require_different(jobs)
    possible: list[Job] = []
    failed = 0
    for job in jobs:
        problem = _problem(job, force=force)
        if problem:
            complain(problem)
            failed += 1
        elif force or not job.target.exists():
            possible.append(job)
    return Batch(possible, len(jobs) - len(possible) - failed, failed, ignored)


def _below(source: Path, folder: Path | None, ending: str, kind: Kind) -> tuple[list[Job], int]:
    """The jobs of a file or a folder, and the number of a folder's other files."""
    if not source.is_dir():
        return [Job(source, (folder or source.parent) / f"{source.stem}{ending}")], 0
    if kind is AUDIO and ending.endswith(_WAV):
        _require_apart(source, folder or source)
    if folder is not None and folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file, and {source} a folder: name an output folder.")
    visible = [*_visible(source)]
    chosen = [path for path in visible if kind.includes(path)]
    if not chosen:
        raise UserError(f"The folder {source} holds no {kind.name}.")
    root = source if folder is None else folder
    jobs = [
        Job(path, root / path.relative_to(source).with_name(f"{path.stem}{ending}"), True)
        for path in chosen
    ]
    return jobs, len(visible) - len(chosen)


def _visible(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not is_hidden(path.relative_to(folder).as_posix()):
            yield path


def _require_apart(source: Path, output: Path) -> None:
    """Raise UserError where WAVs would lie among sources, and be sources the next time."""
    if output.resolve().is_relative_to(source.resolve()):
        raise UserError(
            f"The output would lie in {source}, among the files that are read: name an output "
            "folder outside it."
        )


def _require_different(jobs: Sequence[Job]) -> None:
    counts = Counter(job.target for job in jobs)
    for target, number in counts.items():
        if number > 1:
            raise UserError(
                f"{number} of the files would become {target}: give them one by one, each with its "
                "own output."
            )


def _problem(job: Job, *, force: bool) -> str | None:
    """Why a job cannot be done; None where it can, or where its target is kept."""
    source, target = job.source, job.target
    if not source.is_file():
        return f"There is no file {source}."
    if not target.exists():
        return None
    if target.is_dir():
        return f"{target} is a folder, and {source} cannot be written there."
    if target.samefile(source):
        return f"{source} would be overwritten by its own result: name another output."
    if force or job.is_of_folder:
        return None
    return f"{target} exists already: --force overwrites it."
