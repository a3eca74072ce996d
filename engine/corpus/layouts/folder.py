"""A plain folder of audio files, of any depth: every audio file is a clip."""

import sqlite3

from engine.corpus.layouts.candidate import Candidate, folder_of
from engine.corpus.layouts.collector import Collector
from engine.corpus.layouts.database import decode, encode
from engine.corpus.layouts.files import Files


def list_folder(files: Files, collector: Collector) -> None:
    """Nothing is known of the files but their paths."""
    for path in files.audio():
        collector.add(Candidate(path=path))


def name_speakers(database: sqlite3.Connection) -> None:
    """Candidates without a speaker get the folder they lie in, by its path inside the corpus.

    Files at the top have none.
    """
    database.create_function("folder_of", 1, lambda path: encode(folder_of(decode(path))))
    database.execute("UPDATE candidates SET speaker = folder_of(path) WHERE speaker IS NULL")
