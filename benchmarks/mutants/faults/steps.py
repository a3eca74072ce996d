"""Faults in the step: backward, gradients, the optimizer, and what a turn trains."""

from typing import Any

import torch
from attrs import evolve
from torch import Tensor, nn
from torch.optim.optimizer import Optimizer, register_optimizer_step_pre_hook

from benchmarks.mutants.operator import Operator
from benchmarks.mutants.workbench import Workbench
from engine.training.system import Terms

_GRADIENTS = r"(check|guard) (gradients|updates)"
_LEARNS = r"can be learned"


def no_backward(bench: Workbench) -> None:
    """Backward does nothing."""
    bench.wrap(torch.Tensor, "backward", lambda _: lambda *_, **__: None)


def cleared_before_step(bench: Workbench) -> None:
    """Gradients are cleared between backward and the optimizer's step."""

    def clear(optimizer: Optimizer, *_: Any) -> None:
        bench.mark()
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad = None

    bench.keep_undo(register_optimizer_step_pre_hook(clear).remove)


def never_cleared(bench: Workbench) -> None:
    """Gradients of all steps add up."""
    bench.wrap(Optimizer, "zero_grad", lambda _: lambda *_, **__: None)


def optimizer_of_copies(bench: Workbench) -> None:
    """The optimizer holds the parameters of a copy, made before the networks were replaced."""
    turn = bench.turn
    copies = {n: nn.Parameter(p.detach().clone()) for n, p in turn.parameters.items()}
    others = [one for one in bench.system.turns if one is not turn]
    bench.replace_turns([*others, evolve(turn, parameters=copies)])


def part_without_optimizer(bench: Workbench) -> None:
    """Parameters of the encoder were made after the optimizer, which does not hold them."""
    turn, of_encoder = bench.turn, f"{bench.anatomy.encoder}."
    kept = {n: p for n, p in turn.parameters.items() if not n.startswith(of_encoder)}
    others = [one for one in bench.system.turns if one is not turn]
    bench.replace_turns([*others, evolve(turn, parameters=kept)])


def frozen_part(bench: Workbench) -> None:
    """The encoder was frozen for a warm-up, and nobody thaws it."""

    def freeze(*_: Any) -> None:
        bench.mark()
        for parameter in bench.encoder.parameters():
            parameter.grad = None

    bench.keep_undo(register_optimizer_step_pre_hook(freeze).remove)


def detached_loss(bench: Workbench) -> None:
    """The main loss term is logged, and detached before it is summed."""
    loss = bench.anatomy.loss

    def detach(terms: Terms) -> Terms:
        return terms._replace(losses={**terms.losses, loss: terms.losses[loss].detach()})

    bench.change_turn(bench.anatomy.turn, detach)


def detached_encoder(bench: Workbench) -> None:
    """The encoder's output is detached from the graph."""

    def forward(old: Any) -> Any:
        return lambda *given, **named: _detached(old(*given, **named))

    bench.wrap(bench.encoder, "forward", forward)


def _detached(output: Any) -> Any:
    if isinstance(output, Tensor):
        return output.detach()
    if isinstance(output, tuple):
        parts = [_detached(one) for one in output]
        return type(output)(*parts) if hasattr(output, "_fields") else tuple(parts)
    return output


def sign_of_loss(bench: Workbench) -> None:
    """The main loss is subtracted."""
    loss = bench.anatomy.loss

    def turned(terms: Terms) -> Terms:
        return terms._replace(losses={**terms.losses, loss: -terms.losses[loss]})

    bench.change_turn(bench.anatomy.turn, turned)


def dropped_loss(bench: Workbench) -> None:
    """The main loss hangs on an attribute that is missing, so that it is zero."""
    loss = bench.anatomy.loss

    def drop(terms: Terms) -> Terms:
        return terms._replace(losses={**terms.losses, loss: terms.losses[loss] * 0.0})

    bench.change_turn(bench.anatomy.turn, drop)


OPERATORS = (
    Operator(
        name="no_backward",
        family="backward",
        mistake="training_step was overridden for logging and returns the loss without backward",
        reference="write-up 000 of Higgs Audio: gradient norm 0.0 after training_step was "
        "overridden; boson-ai/higgs-audio#30 has the trainer",
        code=no_backward,
        named_by=(_GRADIENTS,),
    ),
    Operator(
        name="cleared_before_step",
        family="gradients",
        mistake="gradients are cleared between backward and the optimizer's step",
        reference="write-up 001 of DAC: the discriminator's gradients were zeroed in the "
        "generator's step, its loss stayed at 2.0",
        code=cleared_before_step,
        named_by=(_GRADIENTS,),
    ),
    Operator(
        name="never_cleared",
        family="gradients",
        mistake="zero_grad is never called: gradients add up over all steps",
        reference="snakers4/silero-vad!699; wenet-e2e/wekws!73; pytorch/pytorch#47175",
        code=never_cleared,
        named_by=(r"gradient_norm", r"gradients? .*(cleared|add up|accumulat|done again)"),
    ),
    Operator(
        name="optimizer_of_copies",
        family="optimizer",
        mistake="the optimizer holds parameters of networks that were replaced afterwards",
        reference="semidark/kikiri-tts#7",
        code=optimizer_of_copies,
        named_by=(_GRADIENTS, r"belongs to 0 turns"),
    ),
    Operator(
        name="part_without_optimizer",
        family="optimizer",
        mistake="the encoder's parameters were made after the optimizer",
        reference="modelscope/ms-swift!9752",
        code=part_without_optimizer,
        named_by=(_GRADIENTS, r"belongs to 0 turns"),
    ),
    Operator(
        name="frozen_part",
        family="frozen",
        mistake="the encoder was frozen for a warm-up and is never thawed",
        reference="semidark/kikiri-tts#7",
        code=frozen_part,
        named_by=(_GRADIENTS,),
    ),
    Operator(
        name="detached_loss",
        family="detached",
        mistake="the main loss is detached before the terms are summed",
        reference="modelscope/ms-swift!9752: zero gradient in the code predictor",
        code=detached_loss,
        named_by=(_GRADIENTS, _LEARNS),
    ),
    Operator(
        name="detached_encoder",
        family="detached",
        mistake="the encoder's output is detached, so that it gets no gradient",
        reference="modelscope/ms-swift!9752; espnet/espnet#6268",
        code=detached_encoder,
        unfit={"higgs": "its layers run in a function of their own, not as modules"},
        named_by=(_GRADIENTS,),
    ),
    Operator(
        name="sign_of_loss",
        family="loss",
        mistake="the main loss is subtracted",
        reference="pyro-ppl/pyro#2798: the sign of a loss",
        code=sign_of_loss,
        named_by=(_LEARNS, r"signs? of losses|negative"),
    ),
    Operator(
        name="dropped_loss",
        family="loss",
        mistake="the main loss hangs on an attribute that was stripped, and is zero",
        reference="modelscope/ms-swift!9752",
        code=dropped_loss,
        named_by=(_GRADIENTS, _LEARNS, r"values of losses"),
    ),
)
