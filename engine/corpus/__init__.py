"""Audio folders become a checked manifest and packed audio."""

from engine.corpus.account.report import Report
from engine.corpus.corpus import Corpus
from engine.corpus.ingest import ingest
from engine.corpus.store.packed import PackedAudio
from engine.corpus.table.manifest import Clip, Manifest, Quarantined

__all__ = ["Clip", "Corpus", "Manifest", "PackedAudio", "Quarantined", "Report", "ingest"]
