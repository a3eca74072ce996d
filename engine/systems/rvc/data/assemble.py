"""Clips, their slices and their features, joined to the sets of training and evaluation."""

import numpy as np

from engine.evaluation.audio import SPAN
from engine.system_support.corpus_clips import CorpusClipSet
from engine.system_support.corpus_system import SplitCorpus
from engine.systems.rvc.data.cached_features import CachedFeatures
from engine.systems.rvc.data.clips import VoiceClips, VoiceSlices
from engine.systems.rvc.data.frames import frames_of
from engine.systems.rvc.data.sliced_clips import SlicedClips
from engine.systems.rvc.dataset_table import Dataset


def slices_at(sliced: SlicedClips, places: np.ndarray) -> SlicedClips:
    """The slices of the clips at ascending `places`, whose field "clip" counts through these."""
    wanted = np.flatnonzero(np.isin(sliced.slices["clip"], places))
    slices = sliced.slices[wanted]
    slices["clip"] = np.searchsorted(places, slices["clip"])
    return SlicedClips(slices, tuple(sliced.pitch[place] for place in wanted.tolist()), ())


def assemble(
    made: CachedFeatures,
    data: SplitCorpus,
    sliced: SlicedClips,
    speakers: np.ndarray,
    dataset: Dataset,
) -> VoiceClips:
    """Clips with their slices and all their features."""
    slices, rate = sliced.slices, dataset.sample_rate_hz
    of_clip = slices["clip"]
    whole = CorpusClipSet.of_corpus(data.corpus, data.rows)
    ids = [*whole.ids]
    first = np.searchsorted(of_clip, np.arange(len(data.rows) + 1))
    numbers = np.arange(len(slices)) - first[of_clip] + 1
    return VoiceClips(
        ids=whole.ids,
        rows=whole.rows,
        digests=whole.digests,
        spans=whole.spans,
        corpus_folder=whole.corpus_folder,
        firsts=first,
        slices=VoiceSlices(
            ids=tuple(
                f"{ids[clip]}, slice {number}"
                for clip, number in zip(of_clip.tolist(), numbers.tolist(), strict=True)
            ),
            rows=data.rows[of_clip],
            digests=whole.digests[of_clip],
            spans=_spans(whole.spans[of_clip], slices, rate),
            corpus_folder=whole.corpus_folder,
            slices=slices,
            frames=frames_of(slices, made.methods.content, rate, ids),
            speakers=speakers[of_clip],
            pitch=sliced.pitch,
            content=made.content(data.rows, slices),
            packed=data.corpus.packed(rate),
            dataset=dataset,
        ),
    )


def _spans(clips: np.ndarray, slices: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """Where slices lie in their files, of where their clips lie: SPAN [slices]."""
    spans = np.empty(len(slices), SPAN)
    spans["file"] = clips["file"]
    spans["start"] = np.minimum(clips["start"] + slices["start"] / sample_rate_hz, clips["stop"])
    spans["stop"] = np.minimum(clips["start"] + slices["stop"] / sample_rate_hz, clips["stop"])
    return spans
