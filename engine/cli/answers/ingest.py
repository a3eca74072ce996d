"""`cantus.ingest/1`, `cantus.ingest-verify/1`, `cantus.ingest-explain/1`: corpora and clips."""

from collections.abc import Mapping

from attrs import frozen

from engine.cli.answers.answer import Answer
from engine.corpus.account.report import Report


@frozen(kw_only=True)
class QuarantinedFile:
    """A file that is not used."""

    path: str
    """The file, or the part of a file."""
    reason: str
    """A reason of the closed list."""
    detail: str
    """The particulars."""


@frozen(kw_only=True)
class UsageOfCorpus:
    """What a recipe would use of the corpus."""

    recipe: str
    """Name of the recipe."""
    found: int | None
    """Clips found; null where the recipe cannot use the corpus."""
    used: int | None
    """Clips that the recipe may use."""
    training: int | None
    """Clips that are trained on."""
    evaluation: int | None
    """Clips that are evaluated on."""
    how: str
    """How these were chosen, and what may be left out later."""
    fault: str | None
    """Why the recipe cannot use the corpus."""


@frozen(kw_only=True)
class IngestedCorpus:
    """A corpus that was checked and packed."""

    name: str
    """The corpus."""
    folder: str
    """The folder of the corpus below build/corpus."""
    page: str
    """The page that shows what was used and what was not."""
    quarantine_file: str
    """The table of all files in quarantine."""
    report: Report
    """Figures of the corpus, as in its report.json."""
    quarantined: tuple[QuarantinedFile, ...]
    """The first files in quarantine."""
    num_quarantined: int
    """Number of files and parts in quarantine."""
    usage: tuple[UsageOfCorpus, ...]
    """What each recipe of this corpus would use."""
    notes: tuple[str, ...]
    """Remarks on the corpus."""


@frozen(kw_only=True)
class IngestAnswer(Answer):
    """What `cantus ingest --json` prints."""

    SCHEMA = "cantus.ingest/1"

    corpora: tuple[IngestedCorpus, ...]
    """The corpora that were ingested."""


@frozen(kw_only=True)
class VerifyAnswer(Answer):
    """What `cantus ingest --verify --json` prints where nothing has changed."""

    SCHEMA = "cantus.ingest-verify/1"

    clips: Mapping[str, int]
    """Corpora that are as ingested: number of clips of each."""


@frozen(kw_only=True)
class ExplainAnswer(Answer):
    """What `cantus ingest --explain CLIP --json` prints."""

    SCHEMA = "cantus.ingest-explain/1"

    corpus: str
    """The corpus."""
    clip: str
    """The clip as it was asked for."""
    sentences: str
    """How the clip was used, or why not, as the command prints it."""
