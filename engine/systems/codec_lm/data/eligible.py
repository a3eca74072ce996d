"""Which clips of a corpus a recipe can use, as text tokens, and why others are left out."""

from collections.abc import Sequence

import numpy as np
from attrs import define, field, frozen

from engine.corpus.table.manifest import Clip
from engine.errors import RefusedValuesError
from engine.evaluation.digests import as_digests, keys
from engine.system_support.left_out import LeftOut, notes_of
from engine.system_support.lower_rates import recorded_lower
from engine.systems.codec_lm.data.assets import CodecLmAssets
from engine.systems.codec_lm.data.reasons import Reason, why_alone
from engine.systems.codec_lm.data.references import Candidates, with_references
from engine.systems.codec_lm.recipe import Dataset


@frozen(eq=False)
class Eligible:
    """Clips that a recipe may use, and the reasons why others are left out."""

    rows: np.ndarray
    """Ascending rows of the manifest."""
    texts: Sequence[np.ndarray]
    """Text tokens of each, int32."""
    candidates: Candidates
    """The references that each clip may have."""
    left_out: Sequence[LeftOut[Reason]]
    """By row."""

    @property
    def notes(self) -> list[str]:
        """Sentences for the report."""
        return notes_of(self.left_out)

    def paired(self, rows: np.ndarray, clips: Sequence[Clip], among: str) -> "Eligible":
        """Leave out those of the clips at `rows` that have no reference among these clips.

        `clips` are those of the manifest, and `among` says in words what the clips at `rows` are.
        """
        places = np.searchsorted(self.rows, rows)
        candidates = self.candidates.only(places)
        alone = np.delete(np.arange(len(rows)), with_references(candidates))
        left_out = [
            LeftOut(int(rows[one]), clips[rows[one]].id, *why_alone(candidates, one, among))
            for one in alone.tolist()
        ]
        rest = np.delete(np.arange(len(self.rows)), places[alone])
        return Eligible(
            self.rows[rest],
            [self.texts[place] for place in rest.tolist()],
            self.candidates.only(rest),
            sorted([*self.left_out, *left_out], key=lambda one: one.row),
        )


@define
class _Sorter:
    """Sorts clips into those that can have another clip as reference, and the others."""

    dataset: Dataset
    assets: CodecLmAssets
    rows: list[int] = field(factory=list)
    texts: list[np.ndarray] = field(factory=list)
    left_out: list[LeftOut[Reason]] = field(factory=list)

    def add(self, row: int, clip: Clip) -> None:
        found = self._why_not(clip)
        if found is None:
            self.rows.append(row)
            self.texts.append(np.array(self.assets.tokens.encode(clip.text or ""), np.int32))
        else:
            self.left_out.append(LeftOut(row, clip.id, *found))

    def _why_not(self, clip: Clip) -> tuple[Reason, str] | None:
        table = self.dataset
        if not clip.speaker:
            return "speaker unknown", ""
        if not (clip.text or "").strip():
            return "transcript missing", ""
        if clip.seconds < table.min_seconds:
            return "too short", f"{clip.seconds:.4g} s, at least {table.min_seconds:g}"
        if clip.seconds > table.max_seconds:
            return "too long", f"{clip.seconds:.4g} s, at most {table.max_seconds:g}"
        rate = table.sample_rate_hz
        if clip.sample_rate_hz < rate and table.upsampling == "leave_out":
            return "recorded lower", f"{clip.sample_rate_hz:,} Hz, at least {rate:,}"
        if clip.silent_share == 1.0:
            return "silent", "the whole clip lies below -50 dBFS"
        fault = self.assets.tokens.why_not(clip.text or "")
        return None if fault is None else ("text not in the tokenizer", fault)


def eligible_clips(
    clips: Sequence[Clip],
    num_frames: np.ndarray,
    dataset: Dataset,
    assets: CodecLmAssets,
) -> Eligible:
    """Sort a corpus's clips by the rules of a recipe's dataset table.

    `num_frames` int64 [clips] is the number of frames of each clip's codes. Raises UserError where
    clips were recorded at a lower sample rate and the table refuses that, or where no clip is left.
    """
    recorded_lower(clips, dataset.corpus, dataset.sample_rate_hz, dataset.upsampling)
    sorter = _Sorter(dataset, assets)
    for row, clip in enumerate(clips):
        sorter.add(row, clip)
    rows = np.array(sorter.rows, np.int64)
    candidates = candidates_of(
        [clips[row] for row in sorter.rows], sorter.texts, num_frames[rows], assets
    )
    usable = Eligible(rows, sorter.texts, candidates, sorter.left_out)
    found = usable.paired(rows, clips, "the corpus")
    if not len(found.rows):
        raise RefusedValuesError(
            f"None of the {len(clips)} clips of corpus {dataset.corpus!r} can be used. "
            f"{' '.join(found.notes)} Change the dataset table, or the corpus."
        )
    return found


def candidates_of(
    clips: Sequence[Clip],
    texts: Sequence[np.ndarray],
    num_frames: np.ndarray,
    assets: CodecLmAssets,
) -> Candidates:
    """Clips with these text tokens and so many frames, as references of each other."""
    return Candidates.of(
        [clip.speaker or "" for clip in clips],
        keys(as_digests(clip.sha256 for clip in clips)),
        np.array([len(text) for text in texts], np.int64),
        num_frames,
        assets.window,
        assets.chat.num_positions(0, 0, 0, 0),
    )
