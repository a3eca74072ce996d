"""Metrics of the language model over evaluation clips, with right and wrong conditions."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch

from engine.evaluation.digests import keys
from engine.systems.codec_lm.data.dataset import CloningClips
from engine.systems.codec_lm.network.costs import PerClip
from engine.systems.codec_lm.recipe import Losses
from engine.systems.codec_lm.training_module import CodecLmTrainingModule
from engine.training.system import Batch, Evaluated

_CLIPS_AT_ONCE = 8
_AUDIO_CE = "audio_ce"

Rows = Mapping[str, np.ndarray]
"""For each clip the fields of `PerClip`, and `audio_nats` with a condition of another clip, by the
condition's name; [clips] or [clips, K]."""


class Strangers(NamedTuple):
    """For each clip, the clip whose reference or text serves as a wrong condition, int64 [clips].

    Where there is no such clip, it is the clip of the right condition.
    """

    reference: np.ndarray
    """A clip of another speaker, about as long as the right reference."""
    text: np.ndarray
    """A clip of another text with about as many tokens."""


@torch.no_grad()
def evaluate(
    module: CodecLmTrainingModule, unseen: CloningClips, seen: CloningClips, losses: Losses
) -> Evaluated:
    """The metrics that the recipe class declares as `eval/...`, and those of each clip.

    `unseen` are clips of speakers who are not trained on; `seen`, of which there may be none, are
    clips of speakers who are, but not themselves trained on.
    """
    strangers = strangers_of(unseen)
    rows = _rows(module, unseen, strangers)
    figures = _figures(rows, losses) | _gains(rows, unseen, strangers)
    figures["speakers"] = len(set(unseen.speakers))
    if len(seen):
        others = strangers_of(seen)
        trained = _rows(module, seen, others)
        known = _gains(trained, seen, others) | {_AUDIO_CE: _mean(trained, "audio")}
        known |= {"clips": len(seen), "speakers": len(set(seen.speakers))}
        figures |= {f"seen/{name}": value for name, value in known.items()}
    metrics = {f"eval/{name}": float(value) for name, value in figures.items()}
    return Evaluated(metrics, _per_clip(rows))


def strangers_of(clips: CloningClips) -> Strangers:
    """The clips of the wrong conditions. They depend on the clips' audio, not on their names."""
    right = np.array(clips.fixed_references, np.int64)
    other = [-1 if place is None else place for place in clips.other_speakers]
    reference = np.where(np.array(other) < 0, right, other)
    return Strangers(reference, _of_other_texts(clips))


def _of_other_texts(clips: CloningClips) -> np.ndarray:
    """For each clip, the previous clip of another text in the order of the texts' lengths."""
    texts = [text.tobytes() for text in clips.texts]
    order = _ordered(clips, clips.num_text_tokens).tolist()
    found = np.arange(len(order))
    for at, place in enumerate(order):
        before = (order[at - back] for back in range(1, len(order)))
        found[place] = next((other for other in before if texts[other] != texts[place]), place)
    return found


def _ordered(clips: CloningClips, lengths: np.ndarray) -> np.ndarray:
    """Places of the clips by `lengths` [clips], the shortest first, then by their audio."""
    heads = np.array([int.from_bytes(key[:7]) for key in keys(clips.digests)], np.int64)
    return np.lexsort((heads, lengths))


def _rows(module: CodecLmTrainingModule, clips: CloningClips, strangers: Strangers) -> Rows:
    order, rows = _ordered(clips, clips.lengths), dict[str, np.ndarray]()
    for start in range(0, len(order), _CLIPS_AT_ONCE):
        places = order[start : start + _CLIPS_AT_ONCE]
        for name, values in _costs(module, clips, places, strangers).items():
            rows.setdefault(name, np.empty((len(order), *values.shape[1:])))[places] = values
    return rows


def _costs(
    module: CodecLmTrainingModule, clips: CloningClips, places: np.ndarray, strangers: Strangers
) -> Rows:
    """The cost of the clips at `places` [n], with their own conditions and with strangers'."""
    own = clips.evaluated(places.tolist())
    text = clips.evaluated(strangers.text[places].tolist())["text"]
    reference = clips.evaluated(places.tolist(), strangers.reference[places].tolist())
    return {
        **{
            name: value.double().cpu().numpy()
            for name, value in _cost(module, own)._asdict().items()
        },
        "text": _audio_nats(module, {**own, "text": text}),
        "reference": _audio_nats(module, reference),
    }


def _audio_nats(module: CodecLmTrainingModule, batch: Batch) -> np.ndarray:
    nats: np.ndarray = _cost(module, batch).audio_nats.double().cpu().numpy()
    return nats


def _cost(module: CodecLmTrainingModule, batch: Batch) -> PerClip:
    return module.cost(module.prepare(batch))


def _figures(rows: Rows, losses: Losses) -> dict[str, float]:
    audio, text = _mean(rows, "audio"), _mean(rows, "text")
    by_codebook = {name: rows[name].sum(0) for name in ("audio_nats", "audio_correct", "num_audio")}
    ce, accuracy = (
        by_codebook[name] / by_codebook["num_audio"] for name in ("audio_nats", "audio_correct")
    )
    return {
        _AUDIO_CE: audio,
        "text_ce": text,
        "loss": losses.audio_ce * audio + losses.text_ce * text,
        "accuracy": by_codebook["audio_correct"].sum() / by_codebook["num_audio"].sum(),
        "text_accuracy": rows["text_correct"].sum() / rows["num_text"].sum(),
        "end_ce": rows["end_nats"].mean(),
        **{f"codebook_{k}/ce": value for k, value in enumerate(ce, start=1)},
        **{f"codebook_{k}/accuracy": value for k, value in enumerate(accuracy, start=1)},
        "clips": len(rows["num_text"]),
    }


def _mean(rows: Rows, kind: str) -> float:
    """Cross-entropy in nats per label."""
    return float(rows[f"{kind}_nats"].sum() / rows[f"num_{kind}"].sum())


def _gains(rows: Rows, clips: CloningClips, strangers: Strangers) -> dict[str, float]:
    """Increase of the cross-entropy with a stranger's condition, in nats per code.

    Empty where no clip has a stranger.
    """
    own = Strangers(np.array(clips.fixed_references), np.arange(len(clips)))
    gains = {}
    for given in Strangers._fields:
        lent = getattr(strangers, given) != getattr(own, given)
        if lent.any():
            nats = (rows[given] - rows["audio_nats"])[lent].sum()
            gains[f"{given}_gain"] = float(nats / rows["num_audio"][lent].sum())
    return gains


def clip_figures(cost: PerClip) -> dict[str, np.ndarray]:
    """The figures [clips] of evaluation that the clips' own costs give."""
    return _own_figures({n: v.double().cpu().numpy() for n, v in cost._asdict().items()})


def _own_figures(rows: Rows) -> dict[str, np.ndarray]:
    codes = rows["num_audio"].sum(1)
    return {
        _AUDIO_CE: rows["audio_nats"].sum(1) / codes,
        "text_ce": rows["text_nats"] / rows["num_text"],
        "accuracy": rows["audio_correct"].sum(1) / codes,
        "text_accuracy": rows["text_correct"] / rows["num_text"],
        "end_ce": rows["end_nats"].mean(1),
    }


def _per_clip(rows: Rows) -> dict[str, np.ndarray]:
    codes, nats = rows["num_audio"].sum(1), rows["audio_nats"].sum(1)
    gains = {f"{given}_gain": (rows[given].sum(1) - nats) / codes for given in Strangers._fields}
    return {**_own_figures(rows), **gains}
