"""An ingested corpus: its manifest, its report, its packed audio."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from attrs import frozen

from engine.corpus.account.report import Report, read_report
from engine.corpus.audio.pcm import RESAMPLER
from engine.corpus.store.gather import AUDIO_FOLDER, FACTS_FILE
from engine.corpus.store.landmark_file import open_landmarks
from engine.corpus.store.packed import PackedAudio
from engine.corpus.table.manifest import Manifest, read_manifest
from engine.corpus.table.rows import AGAIN, converter
from engine.errors import UserError
from engine.evaluation.sound.landmarks import Fingerprints
from engine.files.checksum import sha256_of
from engine.files.untrusted import as_user_error, read_json_object
from engine.recipe.params import CorpusSource


@frozen(kw_only=True)
class Corpus:
    """A corpus as `cantus ingest` leaves it in `build/corpus/<name>`."""

    folder: Path
    manifest: Manifest
    report: Report
    digest: str
    """SHA-256 of the clips' content and facts: not of how they are packed."""
    settings: Mapping[str, Any]
    """What params.toml said of the corpus when it was ingested."""
    resampler: str = RESAMPLER
    """What brought the audio to the rates that it is packed at."""

    @classmethod
    def open(cls, folder: Path) -> "Corpus":
        """Open `project.corpus(name)`. Raises UserError where it is missing or damaged."""
        require_ingested(folder)
        facts = _checked_facts(folder)
        return cls(
            folder=folder,
            manifest=read_manifest(folder),
            report=read_report(folder),
            digest=facts["digest"],
            settings=facts["settings"],
            resampler=facts["resampler"],
        )

    def packed(self, sample_rate_hz: int) -> PackedAudio:
        """The corpus's audio at one rate. Raises UserError where it is not packed at that rate."""
        if sample_rate_hz not in self.report.packed_hz:
            rates = ", ".join(f"{rate:,}" for rate in self.report.packed_hz)
            raise UserError(
                f"Corpus {self.folder.name!r} is packed at {rates} Hz, not at {sample_rate_hz:,} "
                f"Hz. Add {sample_rate_hz} to corpora.{self.folder.name}.sample_rates_hz in "
                f"params.toml and run 'cantus ingest {self.folder.name}'."
            )
        packed = PackedAudio.open(self.folder / AUDIO_FOLDER / str(sample_rate_hz))
        if len(packed) != len(self.manifest.clips):
            raise UserError(
                f"{packed.folder} holds {len(packed):,} clips, the manifest of corpus "
                f"{self.folder.name!r} {len(self.manifest.clips):,}. {AGAIN}"
            )
        return packed

    def fingerprints(self, rows: np.ndarray) -> Fingerprints:
        """The fingerprints of the clips at some rows of the manifest, ascending.

        Raises UserError where they are damaged, or where the corpus is from before they existed.
        """
        return Fingerprints(open_landmarks(self.folder), rows)

    def digest_at(self, sample_rate_hz: int) -> str:
        """SHA-256 that stands for the corpus's samples at one rate.

        They follow from the clips' content, the rate and the resampler. Which other rates it is
        packed at does not matter.
        """
        text = f"{self.digest} {sample_rate_hz} {self.resampler}"
        return hashlib.sha256(text.encode()).hexdigest()


def require_ingested(folder: Path) -> None:
    """Raise UserError where there is no `project.corpus(name)`."""
    if not folder.is_dir():
        raise UserError(
            f"Corpus '{folder.name}' has not been ingested: {folder} is missing. Run "
            f"'cantus ingest {folder.name}', or 'dvc repro', which ingests it by itself."
        )


def ingest_settings(source: CorpusSource) -> dict[str, Any]:
    """What decides which clips a corpus holds, as plain values."""
    settings: dict[str, Any] = converter.unstructure(source, CorpusSource)
    return {name: value for name, value in settings.items() if name != "at_most_bad"}


def _checked_facts(folder: Path) -> Mapping[str, Any]:
    """Digest and settings, where the tables are those that were written with them."""
    with as_user_error(f"{folder / FACTS_FILE} is missing or damaged. {AGAIN}", UserError):
        facts = read_json_object(folder / FACTS_FILE)
        checked = {
            "digest": str(facts["digest"]),
            "settings": dict(facts["settings"]),
            # Corpora of an older Cantus do not say: they are taken for the present version's.
            "resampler": str(facts.get("resampler", RESAMPLER)),
        }
        sums = dict(facts["sha256"])
    for name, expected in sums.items():
        path = folder / Path(name).name
        if not path.is_file():
            raise UserError(f"{path} is missing. {AGAIN}")
        if sha256_of(path) != expected:
            raise UserError(f"{path} is not the table that was ingested: it changed. {AGAIN}")
    return checked
