"""Audio folders become a checked manifest and packed audio."""

from engine.corpus.choose import choose_clips
from engine.corpus.corpus import Corpus
from engine.corpus.ingest import ingest
from engine.corpus.manifest import Clip, Manifest, Quarantined
from engine.corpus.packed import PackedAudio
from engine.corpus.report import Report
from engine.corpus.split import Split

__all__ = [
    "Clip",
    "Corpus",
    "Manifest",
    "PackedAudio",
    "Quarantined",
    "Report",
    "Split",
    "choose_clips",
    "ingest",
]
