"""The input and output files of `cantus convert`."""

from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from engine.corpus.layouts.claims import claims_audio, is_hidden
from engine.errors import UserError
from engine.system_support.each_file import Job, Tally


@frozen
class Files:
    """The files to convert, each with its output file."""

    jobs: Sequence[Job]
    is_folder: bool
    num_others: int
    """Number of files of the folder that are not audio."""


def find_files(source: Path, output: Path) -> Files:
    """The files of IN, each with its output file in OUT.

    A folder's hidden files are left alone. Raises UserError where there is no audio, or where
    results would be written among the source files.
    """
    if source.is_dir():
        return _of_folder(source, output)
    if not source.exists():
        raise UserError(f"There is no file or folder {source}.")
    if output.is_dir() or not output.suffix:
        return Files([Job(source, output / f"{source.stem}.wav")], is_folder=False, num_others=0)
    if output.suffix.lower() != ".wav":
        raise UserError(f"{output} must end in .wav, or be a folder: audio is written as WAV.")
    return Files([Job(source, output)], is_folder=False, num_others=0)


def said_of(tally: Tally, files: Files) -> str:
    """Numbers of converted, kept and failed files of a folder, as a sentence."""
    parts = [f"{tally.done:,} converted"]
    if tally.kept:
        parts.append(f"{tally.kept:,} existed already and were kept (--force overwrites them)")
    if tally.failed:
        parts.append(f"{tally.failed:,} could not be converted")
    if files.num_others:
        parts.append(f"{files.num_others:,} of the folder's files are not audio")
    return "; ".join(parts)


def _of_folder(source: Path, output: Path) -> Files:
    if output.resolve().is_relative_to(source.resolve()):
        raise UserError(f"{output} lies in {source}, whose files are converted: name another OUT.")
    if output.exists() and not output.is_dir():
        raise UserError(f"{output} is a file, and {source} a folder: name a folder as OUT.")
    inside = [path for path in sorted(source.rglob("*")) if path.is_file()]
    seen = [path for path in inside if not is_hidden(path.relative_to(source).as_posix())]
    audio = [path for path in seen if _may_be_audio(path)]
    if not audio:
        raise UserError(f"{source} holds no audio file.")
    jobs = [Job(path, output / path.relative_to(source).with_suffix(".wav")) for path in audio]
    return Files(jobs, is_folder=True, num_others=len(seen) - len(audio))


def _may_be_audio(path: Path) -> bool:
    try:
        return claims_audio(path)
    except OSError:
        return True  # the decoder says why it cannot be read
