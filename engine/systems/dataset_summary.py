"""What a run sees of its corpus, in the words of the loop."""

from collections.abc import Sequence

from engine.corpus import Corpus
from engine.split import Split
from engine.training.system import DatasetSummary


def summary_of(corpus: Corpus, split: Split, notes: Sequence[str] = ()) -> DatasetSummary:
    """Files found and quarantined, clips learned from and held out, and `notes` on them."""
    report = corpus.report
    return DatasetSummary(
        found=report.num_found,
        used=report.num_used,
        quarantined=dict(report.quarantined),
        training=len(split.train),
        evaluation=len(split.evaluation),
        notes=notes,
        split=split.how,
        leaks=split.leaks,
    )
