"""Tables for people: the clips that a recipe uses, and the clips that it leaves out."""

from collections.abc import Iterator

import numpy as np

from engine.corpus import Corpus
from engine.corpus.table.manifest import Clip
from engine.evaluation.ids import escaped
from engine.features.prepared import Table
from engine.systems.xtts.data.dataset import XttsClips, voice_notes
from engine.systems.xtts.data.eligible import WAY_OUT, language_of
from engine.systems.xtts.data.utterances import Utterances
from engine.systems.xtts.text.normalize import normalize

_USED = (
    "id",
    "used_for",
    "language",
    "speaker",
    "seconds",
    "text_tokens",
    "audio_codes",
    "voice",
    "spoken",
)
_LEFT_OUT = ("id", "reason", "found", "seconds", "language", "transcript", "way_out")
_ITSELF = "itself"
_NOT_CHOSEN = "not chosen"
_CHOSEN_BY = "nothing, or another dataset.split, num_train_clips, num_eval_clips"


def used_table(utterances: Utterances) -> Table:
    """Every clip that is trained on or evaluated on, and the clip it is conditioned on."""
    sets = {"training": utterances.training, "evaluation": utterances.evaluation}
    rows = [
        row
        for purpose, clips in sets.items()
        for row in _used_rows(utterances.data.corpus, clips, purpose)
    ]
    return Table(_USED, rows)


def left_out_table(utterances: Utterances) -> Table:
    """Every other clip of the corpus, in manifest order: the reason, and what would help."""
    clips, dataset = utterances.data.corpus.manifest.clips, utterances.clips.dataset

    def cells(row: int, reason: str, found: str, way_out: str) -> list[str]:
        clip = clips[row]
        language = language_of(clip, dataset) or ""
        said = [f"{clip.seconds:.3f}", language, clip.text or "", way_out]
        return [escaped(clip.id), reason, found, *said]

    rows = {
        one.row: cells(one.row, one.reason, one.detail, WAY_OUT[one.reason])
        for one in utterances.eligible.left_out
    }
    for row in _unchosen(utterances).tolist():
        rows[row] = cells(row, _NOT_CHOSEN, "", _CHOSEN_BY)
    return Table(_LEFT_OUT, [rows[row] for row in sorted(rows)])


def figures(utterances: Utterances) -> list[tuple[str, str]]:
    """The number of clips, tokens and codes, in a few lines."""
    clips, assets, corpus, split = (
        utterances.clips,
        utterances.assets,
        utterances.data.corpus,
        utterances.data.split,
    )
    num_text, codes = sum(map(len, clips.tokens)), np.concatenate(clips.codes)
    num_said, num_codes = len(np.unique(codes)), assets.audio_codes.num_codes
    training, evaluation = len(split.train), len(split.evaluation)
    return [
        ("corpus", f"{corpus.folder.name}, {corpus.report.num_used:,} clips"),
        ("used", f"{training:,} training, {evaluation:,} evaluation ({split.how})"),
        ("text", f"{num_text:,} tokens of {assets.vocabulary.tokenizer.num_tokens:,}"),
        ("audio", f"{len(codes):,} codes, {num_said:,} of the {num_codes:,} there are"),
        (
            "voices",
            "".join(voice_notes(utterances.training, utterances.evaluation)) or "each clip's own",
        ),
    ]


def _used_rows(corpus: Corpus, clips: XttsClips, purpose: str) -> Iterator[list[str]]:
    dataset = clips.dataset
    for place, row in enumerate(clips.rows.tolist()):
        clip: Clip = corpus.manifest.clips[row]
        language = language_of(clip, dataset) or ""
        yield [
            escaped(clip.id),
            purpose,
            language,
            clip.speaker or "",
            f"{clip.seconds:.3f}",
            str(len(clips.tokens[place])),
            str(len(clips.codes[place])),
            _voice(clips, place, purpose),
            normalize(clip.text or "", language.split("-")[0]),
        ]


def _voice(clips: XttsClips, place: int, purpose: str) -> str:
    """The clip that is conditioned on; training draws one each time."""
    num_others = len(clips.voices[place]) - 1
    if not num_others:
        return _ITSELF
    if purpose == "training":
        return f"one of {num_others:,} others, drawn"
    return escaped(clips.ids[clips.conditioned_by(place)])


def _unchosen(utterances: Utterances) -> np.ndarray:
    """Rows of the manifest that could be used, and are in neither set."""
    chosen = np.concatenate([utterances.data.split.train, utterances.data.split.evaluation])
    unchosen: np.ndarray = np.delete(utterances.eligible.rows, chosen)
    return unchosen
