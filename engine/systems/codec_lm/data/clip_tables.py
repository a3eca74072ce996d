"""Tables for people: the clips that a recipe uses, and the clips that it leaves out."""

from collections.abc import Iterator

import numpy as np

from engine.corpus import Corpus
from engine.evaluation.ids import escaped
from engine.features.prepared import Table
from engine.systems.codec_lm.data.dataset import CloningClips
from engine.systems.codec_lm.data.reasons import WAY_OUT
from engine.systems.codec_lm.data.reference_notes import reference_notes
from engine.systems.codec_lm.data.utterances import Utterances

_USED = ("id", "used_for", "speaker", "seconds", "text_tokens", "frames", "reference", "text")
_LEFT_OUT = ("id", "reason", "found", "seconds", "speaker", "transcript", "way_out")
_NOT_CHOSEN = "not chosen"
_CHOSEN_BY = "nothing, or another dataset.split, num_train_clips, num_eval_clips"


def used_table(utterances: Utterances) -> Table:
    """Every clip that is trained on or evaluated on, and its reference."""
    sets = {
        "training": utterances.training,
        "evaluation": utterances.evaluation,
        "evaluation, seen speaker": utterances.seen,
    }
    rows = [
        row
        for purpose, clips in sets.items()
        for row in _used_rows(utterances.data.corpus, clips, purpose)
    ]
    return Table(_USED, rows)


def left_out_table(utterances: Utterances) -> Table:
    """Every other clip of the corpus, in manifest order: the reason, and what would help."""
    clips = utterances.data.corpus.manifest.clips

    def cells(row: int, reason: str, found: str, way_out: str) -> list[str]:
        clip = clips[row]
        said = [f"{clip.seconds:.3f}", clip.speaker or "", clip.text or "", way_out]
        return [escaped(clip.id), reason, found, *said]

    rows = {
        one.row: cells(one.row, one.reason, one.detail, WAY_OUT[one.reason])
        for one in utterances.eligible.left_out
    }
    for row in utterances.unchosen.tolist():
        rows[row] = cells(row, _NOT_CHOSEN, "", _CHOSEN_BY)
    return Table(_LEFT_OUT, [rows[row] for row in sorted(rows)])


def figures(utterances: Utterances) -> list[tuple[str, str]]:
    """The number of clips, tokens and codes, in a few lines."""
    clips, assets, data = utterances.clips, utterances.assets, utterances.data
    training, evaluation = utterances.training, utterances.evaluation
    codec, split = assets.codec, data.split
    frames = np.concatenate(clips.codes)
    shares = [len(np.unique(codes)) / codec.codebook_size for codes in frames.T]
    speakers = " and ".join(
        f"{len(set(chosen.speakers)):,} {name}"
        for name, chosen in (("training", training), ("evaluation", evaluation))
    )
    return [
        ("corpus", f"{data.corpus.folder.name}, {data.corpus.report.num_used:,} clips"),
        ("used", f"{len(training):,} training, {len(evaluation):,} evaluation ({split.how})"),
        ("speakers", speakers),
        ("text", f"{clips.num_text_tokens.sum():,} tokens of {assets.tokens.num_tokens:,}"),
        (
            "codes",
            f"{len(frames):,} frames of {codec.num_codebooks} codebooks of {codec.codebook_size:,},"
            f" {codec.frames_per_second:g} a second, of codec {codec.digest[:12]}",
        ),
        ("codes in use", ", ".join(f"{share:.0%}" for share in shares) + " of each codebook"),
        ("references", " ".join(reference_notes(training, evaluation))),
    ]


def _used_rows(corpus: Corpus, clips: CloningClips, purpose: str) -> Iterator[list[str]]:
    counts = clips.references.counts.tolist()
    for place, row in enumerate(clips.rows.tolist()):
        clip = corpus.manifest.clips[row]
        fixed = escaped(clips.ids[clips.fixed_references[place]])
        yield [
            escaped(clip.id),
            purpose,
            clip.speaker or "",
            f"{clip.seconds:.3f}",
            str(clips.num_text_tokens[place]),
            str(clips.num_frames[place]),
            f"one of {counts[place]:,}, drawn" if purpose == "training" else fixed,
            clip.text or "",
        ]
