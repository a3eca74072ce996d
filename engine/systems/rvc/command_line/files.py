"""Which files `cantus convert` makes of which."""

from collections.abc import Sequence
from pathlib import Path

from engine.errors import UserError
from engine.system_support.file_jobs import Batch, Job, checked, find_jobs

_WAV = ".wav"


def jobs_of(sources: Sequence[Path], output: Path, *, force: bool) -> Batch:
    """The jobs of IN... and OUT: a WAV of one file, or a folder.

    Raises UserError as `find_jobs` does, and where OUT can be neither.
    """
    is_folder = output.is_dir() or not output.suffix
    if not is_folder and output.suffix.lower() != _WAV:
        raise UserError(f"{output} must end in .wav, or be a folder: audio is written as WAV.")
    if is_folder or any(source.is_dir() for source in sources):
        return find_jobs(sources, output, _WAV, force=force)
    if len(sources) > 1:
        raise UserError(f"{output} is one file for {len(sources)} sources: name a folder as OUT.")
    return checked([Job(sources[0], output)], force=force)
