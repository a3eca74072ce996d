"""Baselines by counting, without a language model: codes alone, and given the previous frame."""

from collections.abc import Mapping, Sequence

import numpy as np

from engine.systems.codec_lm.data.dataset import CloningClips
from engine.systems.codec_lm.sequence.codebooks import Codebooks
from engine.training.system import Evaluated

_PRIOR = 32.0


def baselines(training: CloningClips, clips: CloningClips) -> Evaluated:
    """Cross-entropies of three predictors: uniform, by frequency, and by the previous frame.

    The tables, one for each codebook, are counted over training clips. The second is smoothed by
    the first and the third by the second (Jelinek and Mercer, 1980), so that nothing is impossible.
    """
    books = training.chat.codebooks
    said = [_framed(codes, books) for codes in training.codes]
    asked = [_framed(codes, books) for codes in clips.codes]
    per_clip: dict[str, list[np.ndarray]] = {}
    for k in range(books.num_codebooks):
        for name, table in _tables([one[:, k] for one in said], books).items():
            nats = [_nats(table, one[:, k]).sum() for one in asked]
            per_clip.setdefault(f"{name}/audio_ce", []).append(np.array(nats))
    counts = np.array([(len(one) - 1) * books.num_codebooks for one in asked])
    sums = {name: np.sum(of_each, axis=0) for name, of_each in per_clip.items()}
    return Evaluated(
        {f"baseline/{name}": float(nats.sum() / counts.sum()) for name, nats in sums.items()},
        {name: nats / counts for name, nats in sums.items()},
    )


def _framed(codes: np.ndarray, books: Codebooks) -> np.ndarray:
    """BOS, the codes and EOS, int64 [T + 2, K]: what is asked is all but the first."""
    begin, end = (
        np.full((1, books.num_codebooks), entry, np.int64) for entry in (books.bos, books.eos)
    )
    return np.concatenate([begin, codes.astype(np.int64), end])


def _tables(streams: Sequence[np.ndarray], books: Codebooks) -> Mapping[str, np.ndarray]:
    """Probabilities [entries before, entries], of one codebook; one row where none is looked at."""
    uniform = np.full(books.num_entries, 1.0 / books.num_entries)
    pairs = np.zeros((books.num_entries, books.num_entries))
    for stream in streams:
        np.add.at(pairs, (stream[:-1], stream[1:]), 1.0)
    unigram = _smoothed(pairs.sum(0), uniform)
    return {
        "uniform": uniform[None],
        "unigram": unigram[None],
        "previous_frame": _smoothed(pairs, unigram),
    }


def _smoothed(counts: np.ndarray, rarer: np.ndarray) -> np.ndarray:
    """Probabilities of counts [..., entries], as if `rarer` had been seen `_PRIOR` times before."""
    smoothed: np.ndarray = (counts + _PRIOR * rarer) / (counts.sum(-1, keepdims=True) + _PRIOR)
    return smoothed


def _nats(table: np.ndarray, stream: np.ndarray) -> np.ndarray:
    nats: np.ndarray = -np.log(table[stream[:-1] if len(table) > 1 else 0, stream[1:]])
    return nats
