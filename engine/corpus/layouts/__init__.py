"""How a folder of audio is laid out, found by what lies in it."""

from pathlib import Path

from attrs import evolve

from engine.corpus.layouts.candidate import Candidate, Found, Listing, find_files
from engine.corpus.layouts.folder import list_folder
from engine.corpus.layouts.metadata import METADATA, list_metadata
from engine.corpus.layouts.speech_commands import LISTS, is_speech_commands, list_speech_commands
from engine.errors import UserError

__all__ = ["Candidate", "Listing", "list_files"]


def list_files(folder: Path, *, speaker_folders: bool = False) -> Listing:
    """The files of a corpus folder, read by the layout they are in.

    `speaker_folders` says that a folder's name is a speaker, where nothing else names one.
    Files that cannot be read are among the missing. Raises UserError where a folder, or a list or
    table of the corpus, cannot be read.
    """
    found = find_files(folder)
    _require_lists(folder, found)
    if is_speech_commands(folder, found):
        listing = list_speech_commands(folder, found)
    elif (folder / METADATA).is_file():
        listing = list_metadata(folder, found, speaker_folders=speaker_folders)
    else:
        listing = list_folder(found, speaker_folders=speaker_folders)
    missing = sorted([*listing.missing, *found.unreadable], key=lambda one: one.path)
    return evolve(listing, missing=tuple(missing)).with_distinct_ids()


def _require_lists(folder: Path, found: Found) -> None:
    for one in found.unreadable:
        if one.path in (METADATA, *LISTS):
            raise UserError(
                f"{folder / one.path} cannot be read ({one.detail}), and it says what the files "
                "are. Make it readable, or take it out."
            )
