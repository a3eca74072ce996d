"""The probes of the GPT before training: see `engine.system_support.autoregressive`."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from engine.system_support.autoregressive import Decoding, Start, autoregressive_probe
from engine.system_support.loss_labels import Trained
from engine.system_support.planted import PERFECT, planted_scores
from engine.system_support.predictions import Predictions, laid_out
from engine.systems.xtts.data.dataset import XttsClips
from engine.systems.xtts.evaluate import clip_figures
from engine.systems.xtts.network.gpt import NUM_STOPS, Asked
from engine.systems.xtts.speech.decode import GoingOn
from engine.systems.xtts.training_module import XttsTrainingModule
from engine.training.system import Answer, AnswerKey, Batch, Probe

_CLIPS, _CODES = 2, 32
"""Largest part of a batch that is decoded code by code."""


def gpt_probe(module: XttsTrainingModule, start: Start) -> Probe:
    """The probe of a GPT whose weights are, before step 1, what `start` says."""
    return autoregressive_probe(
        lambda batch: _predictions(module, batch),
        start,
        lambda batch: _decoded(module, batch),
        trained=lambda batch: _trained(module, batch),
    )


def _trained(module: XttsTrainingModule, batch: Batch) -> dict[str, Trained]:
    cost, targets = module.cost(_prepared(module, batch)), module.num_targets(batch)
    text = Trained(float(cost.text_nats.sum()), int(cost.num_text.sum()), targets["text_ce"])
    codes = Trained(float(cost.audio_nats.sum()), int(cost.num_audio.sum()), targets["mel_ce"])
    return {"text": text, "codes": codes}


def gpt_answers(module: XttsTrainingModule, clips: XttsClips) -> AnswerKey:
    """Known answers of the shortest of some clips."""
    places = np.argsort(clips.lengths, kind="stable")[:_CLIPS].tolist()

    @torch.no_grad()
    def figures(answer: Answer) -> dict[str, np.ndarray]:
        batch = _prepared(module, clips.evaluated(places))
        if answer == "model":
            return clip_figures(module.cost(batch))
        asked = _asked(module, batch)
        predicted = _predicted_of(module, batch, *asked)
        planted = (
            one._replace(scores=planted_scores(predictions, answer))
            for one, predictions in zip(asked, predicted, strict=True)
        )
        return clip_figures(module.network.costs(*planted))

    nats, accuracy = PERFECT
    return AnswerKey(figures, {"mel_ce": nats, "text_ce": nats, "mel_accuracy": accuracy})


def _predictions(module: XttsTrainingModule, batch: Batch) -> list[Predictions]:
    """Predictions of text and of codes, each with its STOP."""
    batch = _prepared(module, batch)
    return _predicted_of(module, batch, *_asked(module, batch))


def _asked(module: XttsTrainingModule, prepared: Batch) -> tuple[Asked, Asked]:
    """Scores and labels of text and of codes."""
    network = module.network
    return network.asked(
        network.condition(prepared["mels"], prepared["frames"]),
        *(prepared[name] for name in ("text", "text_lengths", "codes", "code_lengths")),
    )


def _predicted_of(
    module: XttsTrainingModule, batch: Batch, text: Asked, codes: Asked
) -> list[Predictions]:
    own = module.network.settings
    stops = own.stop_text_token, own.stop_audio_token
    rows = _framed(batch, "text", "text_lengths", own.start_text_token, [stops[0]])
    spoken = _framed(batch, "codes", "code_lengths", own.start_audio_token, [stops[1]] * NUM_STOPS)
    return [
        _predicted("text", text, rows, (own.start_text_token, stops[0])),
        _predicted("codes", codes, spoken, (own.start_audio_token, stops[1])),
    ]


def _predicted(
    kind: str, asked: Asked, rows: Sequence[Tensor], special: Sequence[int]
) -> Predictions:
    tokens, clip, first = laid_out(rows, asked.labels.device)
    return Predictions(
        kind=kind,
        scores=asked.scores,
        labels=asked.labels,
        position=first[asked.tokens.clip] + asked.tokens.position,
        tokens=tokens,
        clip=clip,
        special=special,
    )


def _framed(
    batch: Batch, name: str, lengths: str, start: int, stops: Sequence[int]
) -> list[Tensor]:
    """Each clip's tokens with what stands before and after them, written out one by one."""
    rows = zip(batch[name].tolist(), batch[lengths].tolist(), strict=True)
    return [torch.tensor([start, *row[:length], *stops]) for row, length in rows]


def _decoded(module: XttsTrainingModule, batch: Batch) -> Decoding:
    """The first codes of some clips, all at once as in training and as `decode` has them.

    The text has its STOP in both, as where speech is made: in training it is masked out.
    """
    network = module.network
    batch = _prepared(module, {name: rows[:_CLIPS] for name, rows in batch.items()})
    latents = network.condition(batch["mels"], batch["frames"])
    lengths = batch["code_lengths"].clamp(max=_CODES)
    states = network.latents(
        latents, batch["text"], batch["text_lengths"], batch["codes"][:, :_CODES], lengths
    )
    prompts = [
        network.prompt(voice[None], text[:length])
        for voice, text, length in zip(latents, batch["text"], batch["text_lengths"], strict=True)
    ]
    limit = int(lengths.max())
    going_on = GoingOn(network, prompts, limit)
    said = torch.nn.functional.pad(
        batch["codes"][:, :limit], (1, 0), value=network.settings.start_audio_token
    )
    steps = [going_on.next_scores(said[:, step : step + 1]) for step in range(limit)]
    rows = torch.stack(steps, 1)
    cached = [row[:length] for row, length in zip(rows, lengths.tolist(), strict=True)]
    return Decoding(forced=[network.mel_head(state.float()) for state in states], cached=cached)


def _prepared(module: XttsTrainingModule, batch: Batch) -> Batch:
    device = module.speaks.device
    return module.prepare({name: rows.to(device) for name, rows in batch.items()})
