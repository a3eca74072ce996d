"""A plain folder of audio files, of any depth: every audio file is a clip."""

from engine.corpus.layouts.candidate import Candidate
from engine.corpus.layouts.collector import Collector
from engine.corpus.layouts.files import Files


def list_folder(files: Files, collector: Collector) -> None:
    """Nothing is known of the files but their paths."""
    for path in files.audio():
        collector.add(Candidate(path=path))
