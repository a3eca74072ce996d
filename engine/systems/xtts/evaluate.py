"""Metrics of a GPT over a whole evaluation set, and of baselines by counting."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from engine.systems.xtts.data.assets import XttsAssets
from engine.systems.xtts.data.dataset import XttsClips
from engine.systems.xtts.network.gpt import NUM_STOPS, PerClip
from engine.systems.xtts.training_module import XttsTrainingModule
from engine.training.system import Batch, Evaluated

_CLIPS_AT_ONCE = 8
_PRIOR = 32.0
_GIVEN = {"voice": ("mels", "frames"), "text": ("text", "text_lengths")}
"""The conditions from which a clip's codes are predicted, with the entries of a batch."""


@torch.no_grad()
def evaluate(
    module: XttsTrainingModule, clips: XttsClips, weights: Mapping[str, float]
) -> Evaluated:
    """The metrics that the recipe class declares as `eval/...`, and those of each clip."""
    order, strangers = _by_length(clips), _strangers(clips)
    rows: dict[str, np.ndarray] = {}
    for start in range(0, len(order), _CLIPS_AT_ONCE):
        places = order[start : start + _CLIPS_AT_ONCE]
        for name, values in _costs(module, clips, places, strangers).items():
            rows.setdefault(name, np.empty(len(order)))[places] = values.double().cpu().numpy()
    return _figures(rows, weights)


def _costs(
    module: XttsTrainingModule,
    clips: XttsClips,
    places: np.ndarray,
    strangers: Mapping[str, np.ndarray],
) -> dict[str, Tensor]:
    """Costs [n] of the clips at `places` [n], and nats of their codes with wrong conditions."""
    own = _prepared(module, clips, places)
    found = module.cost(own)._asdict()
    for given, entries in _GIVEN.items():
        others = _prepared(module, clips, strangers[given][places])
        astray = {**own, **{name: others[name] for name in entries}}
        found[f"{given}_astray"] = module.cost(astray).audio_nats
    return found


def _prepared(module: XttsTrainingModule, clips: XttsClips, places: np.ndarray) -> Batch:
    device, batch = module.speaks.device, clips.evaluated(places.tolist())
    return module.prepare({name: tensor.to(device) for name, tensor in batch.items()})


def _by_length(clips: XttsClips) -> np.ndarray:
    """Places of the clips, the shortest first; clips of one length by their audio."""
    return np.lexsort((*clips.digests.T[::-1], clips.lengths))


def _strangers(clips: XttsClips) -> dict[str, np.ndarray]:
    """For each clip, a clip of another voice and a clip of another text, of about its length.

    Where all clips have one voice, or no known one, another clip.
    """
    columns = {"voice": clips.speakers, "text": [tokens.tobytes() for tokens in clips.tokens]}
    order = _by_length(clips).tolist()
    found = {}
    for given, trait in columns.items():
        varied = len(set(trait)) > 1
        found[given] = np.empty(len(order), np.int64)
        for at, place in enumerate(order):
            shorter = (order[at - back] for back in range(1, len(order)))
            strange = (other for other in shorter if not varied or trait[other] != trait[place])
            found[given][place] = next(strange, place)
    return found


def clip_figures(cost: PerClip) -> dict[str, np.ndarray]:
    """The figures [clips] of evaluation that the clips' own costs give."""
    return _own_figures({n: v.double().cpu().numpy() for n, v in cost._asdict().items()})


def _own_figures(rows: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {
        "mel_ce": rows["audio_nats"] / rows["num_audio"],
        "text_ce": rows["text_nats"] / rows["num_text"],
        "mel_accuracy": rows["audio_correct"] / rows["num_audio"],
        "stop_ce": rows["stop_nats"] / NUM_STOPS,
    }


def _figures(rows: Mapping[str, np.ndarray], weights: Mapping[str, float]) -> Evaluated:
    per_clip = _own_figures(rows)
    increases = {given: rows[f"{given}_astray"] - rows["audio_nats"] for given in _GIVEN}
    per_clip |= {
        f"mel_ce_increase_wrong_{given}": nats / rows["num_audio"]
        for given, nats in increases.items()
    }
    codes = rows["num_audio"].sum()
    mel, text = rows["audio_nats"].sum() / codes, rows["text_nats"].sum() / rows["num_text"].sum()
    text_weight = weights.get("text_ce", 0.0)
    metrics = {
        "mel_ce": mel,
        "text_ce": text,
        "text_ce_weighted": text_weight * text,
        "loss": weights["mel_ce"] * mel + text_weight * text,
        "mel_accuracy": rows["audio_correct"].sum() / codes,
        "stop_ce": per_clip["stop_ce"].mean(),
        **{
            f"mel_ce_increase_wrong_{given}": nats.sum() / codes
            for given, nats in increases.items()
        },
        "codes": codes,
        "clips": len(per_clip["mel_ce"]),
    }
    return Evaluated({f"eval/{name}": float(value) for name, value in metrics.items()}, per_clip)


def baselines(training: XttsClips, clips: XttsClips, assets: XttsAssets) -> Evaluated:
    """Cross-entropies of three predictors: uniform, by frequency, and by the previous code.

    The tables are counted over training clips. The second and third are smoothed by the one before
    (Jelinek and Mercer, 1980), so that nothing is impossible.
    """
    own = assets.settings
    said = [_framed(codes, own.start_audio_token, own.stop_audio_token) for codes in training.codes]
    asked = [_framed(codes, own.start_audio_token, own.stop_audio_token) for codes in clips.codes]
    uniform = np.full(own.num_audio_tokens, 1.0 / own.num_audio_tokens)
    pairs = _pairs(said, len(uniform))
    unigram = _smoothed(pairs.sum(0), uniform)
    bigram = _smoothed(pairs, unigram)
    tables = {"uniform": uniform[None], "unigram": unigram[None], "bigram": bigram}
    metrics: dict[str, float] = {}
    per_clip: dict[str, np.ndarray] = {}
    for name, table in tables.items():
        nats = [-np.log(table[s[:-1] if len(table) > 1 else 0, s[1:]]) for s in asked]
        metrics[f"baseline/{name}/mel_ce"] = float(np.concatenate(nats).mean())
        per_clip[f"{name}/mel_ce"] = np.array([one.mean() for one in nats])
    return Evaluated(metrics, per_clip)


def _framed(codes: np.ndarray, start: int, stop: int) -> np.ndarray:
    """START, the codes, and as many stop codes as the GPT is asked for."""
    return np.concatenate([[start], codes.astype(np.int64), np.full(NUM_STOPS, stop)])


def _pairs(sequences: Sequence[np.ndarray], num_tokens: int) -> np.ndarray:
    counts = np.zeros((num_tokens, num_tokens))
    for sequence in sequences:
        np.add.at(counts, (sequence[:-1], sequence[1:]), 1.0)
    return counts


def _smoothed(counts: np.ndarray, rarer: np.ndarray) -> np.ndarray:
    """Probabilities of counts [..., tokens], as if `rarer` had been seen `_PRIOR` times before."""
    smoothed: np.ndarray = (counts + _PRIOR * rarer) / (counts.sum(-1, keepdims=True) + _PRIOR)
    return smoothed
