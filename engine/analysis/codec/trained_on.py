"""Whether a codec that a recipe of this project trained was trained on clips that are evaluated."""

from engine.analysis.codec.folder import NamesCodec
from engine.evaluation.audio import Audio, rows_sharing_audio
from engine.evaluation.lineage import read_ancestors
from engine.project import Project


def codec_leaks(codec: NamesCodec, project: Project, evaluation: Audio) -> str | None:
    """In a sentence, how many evaluation clips the codec was trained on; None where on none.

    Of a published codec nobody knows, which the sentence says. Clips count that share audio with
    those that the codec's recipe, or one before it, was trained on. Raises UserError where the
    codec's model says nothing of these.
    """
    if codec.from_ is None:
        return (
            f"What the codec {codec.folder} was trained on is not known: evaluation clips may be "
            "among it."
        )
    seen: set[int] = set()
    for trained in read_ancestors(project.model(codec.from_)).values():
        seen.update(rows_sharing_audio(evaluation, trained))
    if not seen:
        return None
    return (
        f"The codec {codec.from_} was trained on {len(seen):,} of the {len(evaluation.digests):,} "
        "evaluation clips: their codes are better than those of clips that nobody trained on. "
        f"Hold the same clips out in both recipes, and train {codec.from_} again."
    )
