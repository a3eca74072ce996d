"""How a folder of audio is laid out, found by what lies in it."""

from pathlib import Path

from engine.corpus.layouts.candidate import Candidate, Listing, find_files
from engine.corpus.layouts.folder import list_folder
from engine.corpus.layouts.metadata import METADATA, list_metadata
from engine.corpus.layouts.speech_commands import is_speech_commands, list_speech_commands

__all__ = ["Candidate", "Listing", "list_files"]


def list_files(folder: Path, *, speaker_folders: bool = False) -> Listing:
    """The files of a corpus folder, read by the layout they are in.

    `speaker_folders` says that a folder's name is a speaker, where nothing else names one.
    """
    found = find_files(folder)
    if is_speech_commands(folder, found):
        listing = list_speech_commands(folder, found)
    elif (folder / METADATA).is_file():
        listing = list_metadata(folder, found, speaker_folders=speaker_folders)
    else:
        listing = list_folder(found, speaker_folders=speaker_folders)
    return listing.with_distinct_ids()
