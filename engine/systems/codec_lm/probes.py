"""The probes of the language model: see `engine.system_support.autoregressive`."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from engine.nn.precision import as_kept
from engine.system_support.autoregressive import (
    TOLERANCE,
    Decoding,
    Start,
    autoregressive_probe,
)
from engine.system_support.loss_labels import Trained
from engine.system_support.planted import PERFECT, planted_scores
from engine.system_support.predictions import Predictions, laid_out
from engine.systems.codec_lm.contract import clips_of, contract_checks
from engine.systems.codec_lm.data.dataset import CloningClips
from engine.systems.codec_lm.evaluate import clip_figures
from engine.systems.codec_lm.network.network import CodecLmNetwork
from engine.systems.codec_lm.sequence.codebooks import Codebooks
from engine.systems.codec_lm.sequence.delay import IGNORED
from engine.systems.codec_lm.sequence.packing import Packed, pack
from engine.systems.codec_lm.sequence.pieces import AudioPiece, Piece
from engine.systems.codec_lm.speech.cached import cached_logits, up_to_target
from engine.systems.codec_lm.training_module import CodecLmTrainingModule
from engine.training.checks import Check
from engine.training.system import Answer, AnswerKey, Batch, Probe

Sequences = Callable[[Batch], Sequence[list[Piece]]]
"""The sequence of each clip of a batch."""

_CLIPS, _COLUMNS = 2, 32
"""Largest part of a batch that is decoded column by column."""
_NO_ENTRY = -1
"""Stands where the other modality does."""
_COARSE = 0.05
"""Tolerance of 16-bit weights, whose rounding is a 256th."""


def lm_probes(
    network: CodecLmNetwork,
    sequences: Sequences,
    codebooks: Codebooks,
    start: Start,
    *,
    new_text_head: bool = False,
    trained: Callable[[Batch], Mapping[str, Trained]] | None = None,
) -> tuple[Probe, Probe]:
    """The probes of a model whose weights are, before step 1, what `start` says.

    All but the text head, where `new_text_head` says that it may begin untrained. `trained` is what
    training's loss is made of.
    """

    def contract(batch: Batch, step: int) -> Iterable[Check]:  # noqa: ARG001
        return contract_checks(sequences(batch), clips_of(batch), codebooks)

    exact = all(one.dtype == torch.float32 for one in network.parameters())
    asked = autoregressive_probe(
        lambda batch: predictions(network, sequences(batch), codebooks, new_text_head),
        start,
        lambda batch: decoding(network, sequences(batch)),
        TOLERANCE if exact else _COARSE,
        trained,
    )
    return contract, asked


def trained_by(module: CodecLmTrainingModule, batch: Batch) -> dict[str, Trained]:
    """What the loss sums up in each codebook, and over the marks around the target."""
    cost, targets = module.cost(module.prepare(batch)), module.num_targets(batch)["audio_ce"]
    nats, counts = cost.audio_nats.sum(0).tolist(), cost.num_audio.sum(0).tolist()
    books = {
        f"codebook {number}": Trained(sum_, round(count), targets // len(nats))
        for number, (sum_, count) in enumerate(zip(nats, counts, strict=True))
    }
    marks = round(float(cost.num_text.sum()))
    return {**books, "text": Trained(float(cost.text_nats.sum()), marks, marks)}


def lm_answers(
    module: CodecLmTrainingModule, clips: CloningClips, codebooks: Codebooks
) -> AnswerKey:
    """Known answers of the shortest of some clips."""
    places = np.argsort(clips.lengths, kind="stable")[:_CLIPS].tolist()

    @torch.no_grad()
    def figures(answer: Answer) -> dict[str, np.ndarray]:
        batch = clips.evaluated(places)
        if answer == "model":
            return clip_figures(module.cost(module.prepare(batch)))
        sequences, network = module.sequences(batch), module.network
        packed = pack(sequences, network.model.device)
        with as_kept(network):
            _, audio = network.logits(packed)
        *books, marks = predictions(network, sequences, codebooks)
        planted = torch.zeros_like(audio, dtype=torch.float32)
        for number, found in enumerate(books):
            asked = packed.audio_labels[:, number] != IGNORED
            planted[asked, number] = planted_scores(found, answer)
        return clip_figures(network.costs(planted_scores(marks, answer), planted, packed))

    nats, accuracy = PERFECT
    names = {"audio_ce": nats, "text_ce": nats, "accuracy": accuracy, "text_accuracy": accuracy}
    return AnswerKey(figures, names)


def predictions(
    network: CodecLmNetwork,
    sequences: Sequence[list[Piece]],
    codebooks: Codebooks,
    new_text_head: bool = False,
) -> list[Predictions]:
    """Predictions of every codebook, and of the marks around the target."""
    packed = pack(sequences, network.model.device)
    with as_kept(network):
        text, audio = network.logits(packed)
    found = [
        _of_codebook(packed, sequences, audio[:, number], number, codebooks)
        for number in range(codebooks.num_codebooks)
    ]
    rows = [torch.cat([_text_of(piece) for piece in sequence]) for sequence in sequences]
    tokens, clip, first = laid_out(rows, packed.text.device)
    position = first[packed.text_clips] + _position(packed, packed.text_from)
    marks = Predictions(
        kind="text",
        scores=text,
        labels=packed.text_labels,
        position=position,
        tokens=tokens,
        clip=clip,
        special=(_NO_ENTRY,),
        is_new=new_text_head,
    )
    return [*found, marks]


def decoding(network: CodecLmNetwork, sequences: Sequence[list[Piece]]) -> Decoding:
    """The first columns of some targets, by training's forward and as they are generated."""
    forced, cached = [], []
    for pieces in sequences[:_CLIPS]:
        prompt, target = up_to_target(pieces)
        columns = target.columns[:_COLUMNS]
        with as_kept(network):
            by_column = cached_logits(network.model, prompt, columns)
            _, audio = network.logits(pack([pieces], network.model.device))
        asked = (target.labels[: len(columns)] != IGNORED).any(1)
        forced.append(audio[: int(asked.sum())].flatten(1))
        cached.append(by_column[asked.to(by_column.device)])
    return Decoding(forced=forced, cached=cached)


def _of_codebook(
    packed: Packed,
    sequences: Sequence[list[Piece]],
    scores: Tensor,
    number: int,
    codebooks: Codebooks,
) -> Predictions:
    rows = [torch.cat([_entries_of(piece, number) for piece in sequence]) for sequence in sequences]
    tokens, clip, first = laid_out(rows, scores.device)
    labels = packed.audio_labels[:, number]
    asked = labels != IGNORED
    position = first[packed.audio_clips] + _position(packed, packed.audio_from)
    return Predictions(
        kind=f"codebook {number}",
        scores=scores[asked],
        labels=labels[asked],
        position=position[asked],
        tokens=tokens,
        clip=clip,
        special=(_NO_ENTRY, codebooks.bos, codebooks.eos),
    )


def _position(packed: Packed, asked_from: Tensor) -> Tensor:
    """Where in their sequences asked positions stand."""
    return packed.positions[packed.asked[asked_from]]


def _entries_of(piece: Piece, number: int) -> Tensor:
    if isinstance(piece, AudioPiece):
        return piece.columns[:, number]
    return torch.full_like(piece.ids, _NO_ENTRY)


def _text_of(piece: Piece) -> Tensor:
    if isinstance(piece, AudioPiece):
        return torch.full((len(piece.columns),), _NO_ENTRY)
    return piece.ids
