"""Audio folders become a checked manifest and packed audio."""

from engine.corpus.account.report import Report
from engine.corpus.corpus import Corpus
from engine.corpus.ingest import ingest
from engine.corpus.store.manifest import Clip, Manifest, Quarantined
from engine.corpus.store.packed import PackedAudio

__all__ = ["Clip", "Corpus", "Manifest", "PackedAudio", "Quarantined", "Report", "ingest"]
