"""An ingested corpus: its manifest, its report, its packed audio."""

import hashlib
from pathlib import Path

from attrs import frozen

from engine.corpus.manifest import Manifest, read_manifest
from engine.corpus.packed import PackedAudio
from engine.corpus.report import Report, read_report
from engine.errors import UserError

AUDIO_FOLDER = "audio"


@frozen(kw_only=True)
class Corpus:
    """A corpus as `cantus ingest` leaves it in `build/corpus/<name>`."""

    folder: Path
    manifest: Manifest
    report: Report
    digest: str
    """SHA-256 of the clips' content and facts, and of the packed samples at every rate."""

    @classmethod
    def open(cls, folder: Path) -> "Corpus":
        """Open `project.corpus(name)`. Raises UserError where it is missing or damaged."""
        if not folder.is_dir():
            raise UserError(
                f"Corpus {folder.name!r} has not been ingested: {folder} is missing. "
                f"Run 'cantus ingest {folder.name}', or 'dvc repro', which does it by itself."
            )
        manifest, report = read_manifest(folder), read_report(folder)
        digest = hashlib.sha256(manifest.digest.encode())
        for rate in report.packed_hz:
            for shard in PackedAudio.open(folder / AUDIO_FOLDER / str(rate)).shards:
                digest.update(f"{rate} {shard['sha256']}\n".encode())
        return cls(folder=folder, manifest=manifest, report=report, digest=digest.hexdigest())

    def packed(self, sample_rate_hz: int) -> PackedAudio:
        """Its audio at one rate. Raises UserError where it is not packed at that rate."""
        if sample_rate_hz not in self.report.packed_hz:
            rates = ", ".join(f"{rate:,}" for rate in self.report.packed_hz)
            raise UserError(
                f"Corpus {self.folder.name!r} is packed at {rates} Hz, not at {sample_rate_hz:,} "
                f"Hz. Add {sample_rate_hz} to corpora.{self.folder.name}.sample_rates_hz in "
                f"params.toml and run 'cantus ingest {self.folder.name}'."
            )
        return PackedAudio.open(self.folder / AUDIO_FOLDER / str(sample_rate_hz))
