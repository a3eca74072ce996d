"""A plain folder of audio files, of any depth."""

from pathlib import PurePosixPath

from engine.corpus.layouts.candidate import Candidate, Found, Listing


def list_folder(found: Found, *, speaker_folders: bool) -> Listing:
    """Every audio file is a clip.

    With `speaker_folders` the speaker is the folder a file lies in, by its path inside the corpus;
    files at the top have none.
    """
    return Listing(
        layout="folder",
        candidates=tuple(
            Candidate(path=path, speaker=folder_of(path) if speaker_folders else None)
            for path in found.audio
        ),
        num_other_files=found.num_others,
    )


def folder_of(path: str) -> str | None:
    """The folder a file lies in, by its path inside the corpus; None at the top."""
    parent = str(PurePosixPath(path).parent)
    return None if parent == "." else parent
