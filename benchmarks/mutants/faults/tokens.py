"""Faults of autoregressive systems: labels, masks and codes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.mutants.operator import Operator
from benchmarks.mutants.workbench import Workbench
from engine.systems.codec_lm import probes as lm_probes
from engine.systems.codec_lm import training_module as lm_module
from engine.systems.codec_lm.sequence.delay import IGNORED

ChangeLabels = Callable[[Tensor, Tensor], Tensor]
"""Labels [n] or [n, K] and the clip of each [n] to other labels."""
_ORDER = r"labels of|order of tokens"


def _one_later(labels: Tensor, clips: Tensor) -> Tensor:
    """Each position is asked for the label after its own; the last keeps its own."""
    inside = (clips.roll(-1) == clips) & (torch.arange(len(clips)) < len(clips) - 1)
    return torch.where(_rows(inside, labels), labels.roll(-1, 0), labels)


def _one_earlier(labels: Tensor, clips: Tensor) -> Tensor:
    """Each position is asked for the token that it is given; the first keeps its label."""
    inside = (clips.roll(1) == clips) & (torch.arange(len(clips)) > 0)
    return torch.where(_rows(inside, labels), labels.roll(1, 0), labels)


def _rows(wanted: Tensor, labels: Tensor) -> Tensor:
    return wanted.view(-1, *[1] * (labels.dim() - 1))


def _change_labels(bench: Workbench, change: ChangeLabels) -> None:
    """Change the labels wherever they are made, for training, evaluation and probes."""
    network = bench.system.module.get_submodule("network")
    if hasattr(network, "asked"):
        bench.wrap(
            network,
            "asked",
            lambda old: (
                lambda *given: tuple(
                    one._replace(labels=change(one.labels, one.tokens.clip)) for one in old(*given)
                )
            ),
        )
        return
    for module in (lm_module, lm_probes):
        bench.wrap(module, "pack", lambda old: lambda *given: _relabelled(old(*given), change))


def _relabelled(packed: Any, change: ChangeLabels) -> Any:
    return packed._replace(audio_labels=change(packed.audio_labels, packed.audio_clips))


def shifted_twice(bench: Workbench) -> None:
    """Labels are shifted once more wherever they are made."""
    _change_labels(bench, _one_later)


def not_shifted(bench: Workbench) -> None:
    """Labels are the tokens that are given."""
    _change_labels(bench, _one_earlier)


def shifted_in_loss(bench: Workbench) -> None:
    """The loss shifts what is shifted already: other users of the scores see nothing of it."""
    network: Any = bench.system.module.get_submodule("network")
    if not hasattr(network, "asked"):
        bench.wrap(
            network, "forward", lambda old: lambda packed: old(_relabelled(packed, _one_later))
        )
        return
    healthy = network.asked

    def broken(old: Any) -> Any:
        def forward(*given: Any) -> Any:
            def asked(*inputs: Any) -> Any:
                found = healthy(*inputs)
                return tuple(a._replace(labels=_one_later(a.labels, a.tokens.clip)) for a in found)

            network.asked = asked
            try:
                return old(*given)
            finally:
                del network.asked

        return forward

    bench.wrap(network, "forward", broken)


def no_stop(bench: Workbench) -> None:
    """What ends a clip is masked out of the loss."""
    network: Any = bench.system.module.get_submodule("network")
    if not hasattr(network, "asked"):
        eos = network.model.config.audio_stream_eos_id
        _change_labels(bench, lambda labels, _: labels.masked_fill(labels == eos, IGNORED))
        return

    def unasked(cost: Any) -> Any:
        stops = cost.num_audio - cost.num_audio.clamp(max=4)
        return cost._replace(
            audio_nats=cost.audio_nats - cost.stop_nats, num_audio=stops, stop_nats=cost.stop_nats
        )

    bench.wrap(network, "forward", lambda old: lambda *given: unasked(old(*given)))


def late_labels_masked(bench: Workbench) -> None:
    """The mask is laid out in samples where codes are meant: it covers the end of every clip."""
    network = bench.system.module.get_submodule("network")
    if not hasattr(network, "asked"):
        _change_labels(bench, lambda labels, clips: labels.masked_fill(_late(clips), IGNORED))
        return

    def forget(asked: Any) -> Any:
        late = _late(asked.tokens.clip)
        return asked._replace(scores=torch.where(late, asked.scores.detach(), asked.scores))

    bench.wrap(network, "asked", lambda old: lambda *given: tuple(map(forget, old(*given))))


def _late(clips: Tensor) -> Tensor:
    """The second half of each clip, [n, 1]."""
    counts = torch.bincount(clips)
    place = torch.arange(len(clips)) - (counts.cumsum(0) - counts)[clips]
    return (place >= counts[clips] // 2)[:, None]


def no_causal_mask(bench: Workbench) -> None:
    """Attention sees what is to be predicted."""

    def broken(old: Any) -> Any:
        def attend(*given: Any, **named: Any) -> Any:
            if named.get("is_causal"):
                bench.mark()
                named["is_causal"] = False
            return old(*given, **named)

        return attend

    bench.replace(F, "scaled_dot_product_attention", broken(F.scaled_dot_product_attention))


def codes_off_by_one(bench: Workbench) -> None:
    """Training's codes are numbered from one, those of evaluation from zero."""
    name = bench.anatomy.codes
    assert name is not None

    def renumber(batch: dict[str, Tensor], _: Any) -> dict[str, Tensor]:
        codes = batch[name]
        most = int(codes.max())
        return {**batch, name: torch.where(codes >= 0, (codes + 1).clamp(max=most), codes)}

    bench.change_batches(renumber)


def unknown_letters(bench: Workbench) -> None:
    """Every token of the text is the one for characters that the tokenizer does not know."""
    name = bench.anatomy.text[0]

    def unknown(batch: dict[str, Tensor], _: np.random.Generator) -> dict[str, Tensor]:
        text = batch[name]
        return {**batch, name: torch.where(text > 0, 1, text)}

    bench.change_batches(unknown)


OPERATORS = (
    Operator(
        name="shifted_twice",
        family="labels",
        mistake="labels are shifted in the data and once more for the loss",
        reference="QwenLM/Qwen3-TTS#371 (also #39, #179, #337, !178, !278)",
        code=shifted_twice,
        needs=("codes",),
        named_by=(_ORDER,),
    ),
    Operator(
        name="shifted_in_loss",
        family="labels",
        mistake="the loss shifts labels that are shifted already; nothing else uses its labels",
        reference="modelscope/ms-swift!9752",
        code=shifted_in_loss,
        needs=("codes",),
        named_by=(_ORDER,),
    ),
    Operator(
        name="not_shifted",
        family="labels",
        mistake="labels are not shifted: each position is asked for the token that it is given",
        reference="boson-ai/higgs-audio#94: losses of 1e-3, and silence",
        code=not_shifted,
        needs=("codes",),
        named_by=(_ORDER,),
    ),
    Operator(
        name="no_stop",
        family="labels",
        mistake="the end of stream is masked out of the labels",
        reference="higgs.md, section on transformers' processor: 72 ends in inputs, 0 in labels",
        code=no_stop,
        needs=("codes",),
        named_by=(r"end_ce|stop_ce|end of stream|stops?\b.*label|labels of",),
    ),
    Operator(
        name="late_labels_masked",
        family="labels",
        mistake="a mask counted in other units covers the end of each clip",
        reference="coqui-ai/TTS#3388, coqui-ai/TTS#3631",
        code=late_labels_masked,
        needs=("codes",),
        named_by=(r"labels|mask|ignored|number of targets|end of stream",),
    ),
    Operator(
        name="no_causal_mask",
        family="mask",
        mistake="attention sees the tokens that are to be predicted",
        reference="QwenLM/Qwen3-TTS#371: a state that leaks the target",
        code=no_causal_mask,
        needs=("codes",),
        named_by=(r"decoding with a cache|order of tokens",),
    ),
    Operator(
        name="codes_off_by_one",
        family="codes",
        mistake="training's codes are numbered from one, those of evaluation from zero",
        reference="canopyai/Orpheus-TTS#10: offsets of code tokens",
        code=codes_off_by_one,
        needs=("codes",),
        named_by=(
            r"codes computed again|target computed again|codes? .*(offset|number)|codec.s sequence",
        ),
    ),
    Operator(
        name="unknown_letters",
        family="text",
        mistake="the tokenizer knows no letter of the language: all tokens are the unknown one",
        reference="erew123/alltalk_tts#660; huggingface/parler-tts#25",
        code=unknown_letters,
        needs=("text",),
        named_by=(r"text|token",),
    ),
)
