"""Faults in the networks and their modes: averages, dropout, codebooks, discriminators, weights."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import Optimizer, register_optimizer_step_post_hook

from benchmarks.mutants.operator import Operator
from benchmarks.mutants.workbench import Function, Workbench
from engine.training.average import AverageWeights
from engine.training.loop import Loop

_ADVERSARIAL = r"discriminator|adversarial|feature"
_GRADIENTS = r"(check|guard) (gradients|updates)"


def average_never_moves(bench: Workbench) -> None:
    """The call that updates the average does nothing."""
    bench.wrap(AverageWeights, "update", lambda _: lambda *_: None)


def training_mode_at_evaluation(bench: Workbench) -> None:
    """Dropout and batch statistics stay as in training where the model is evaluated."""
    module = bench.system.module
    bench.wrap(module, "eval", lambda _: lambda: module.train())


def evaluation_mode_in_training(bench: Workbench) -> None:
    """The networks are never put back into training mode."""
    module = bench.system.module
    healthy = module.train
    bench.wrap(module, "train", lambda _: lambda *_, **__: healthy(False))


def updates_rounded_away(bench: Workbench) -> None:
    """Weights are held in bfloat16, which resolves changes of 1/256, at a tenth of the rate."""

    @torch.no_grad()
    def round_off(optimizer: Optimizer, *_: Any) -> None:
        bench.mark()
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                parameter.copy_(parameter.bfloat16())

    bench.keep_undo(register_optimizer_step_post_hook(round_off).remove)


def _codebook(bench: Workbench, change: Callable[[Any], Any]) -> None:
    assert bench.anatomy.codebook is not None
    quantizer = bench.system.module.get_submodule(bench.anatomy.codebook)
    bench.wrap(quantizer, "forward", lambda old: lambda *given: change(old(*given)))


def no_straight_through(bench: Workbench) -> None:
    """The quantizer's output carries no gradient to what it quantized."""
    _codebook(bench, lambda made: made._replace(vectors=made.vectors.detach()))


def frozen_codebook(bench: Workbench) -> None:
    """The codebook's loss is computed from a copy, so that its codes never move."""

    def freeze(made: Any) -> Any:
        if hasattr(made, "codebook"):
            return made._replace(codebook=made.codebook.detach())
        return made._replace(losses={**made.losses, "codebook": made.losses["codebook"].detach()})

    _codebook(bench, freeze)


def _discriminators(bench: Workbench) -> Any:
    return bench.system.module.get_submodule("discriminators")


def swapped_verdicts(bench: Workbench) -> None:
    """Recordings are called generated, and the other way round."""
    bench.wrap(_discriminators(bench), "judge", lambda old: lambda real, made: old(made, real))


def discriminator_sees_recordings(bench: Workbench) -> None:
    """A disabled sampler feeds the discriminators: both sides are recordings."""
    bench.wrap(_discriminators(bench), "judge", lambda old: lambda real, _: old(real, real.clone()))


def adversarial_detached(bench: Workbench) -> None:
    """The generator is judged on detached audio."""
    bench.wrap(
        _discriminators(bench), "compare", lambda old: lambda real, made: old(real, made.detach())
    )


def frozen_turn(bench: Workbench) -> None:
    """The discriminators were frozen for the generator's turn, and stay frozen."""

    def detached(old: Function) -> Function:
        def judge(real: Tensor, made: Tensor) -> Any:
            own = [*_discriminators(bench).parameters()]
            for one in own:
                one.requires_grad_(False)
            return old(real, made.requires_grad_(True))

        return judge

    bench.wrap(_discriminators(bench), "judge", detached)


def weights_not_loaded(bench: Workbench) -> None:
    """The parent's weights are loaded into networks that are wrapped or replaced afterwards."""
    bench.wrap(Loop, "load_weights", lambda _: lambda *_, **__: None)


def part_discarded(bench: Workbench) -> None:
    """One module of the parent is thrown away: the encoder begins again."""
    prefix = f"{bench.anatomy.encoder}."
    fresh = {n: t.clone() for n, t in bench.system.module.state_dict().items()}

    def without(old: Function) -> Function:
        def load(loop: Loop, weights: Mapping[str, Tensor], *more: Any) -> None:
            kept = {n: fresh[n] if n.startswith(prefix) else t for n, t in weights.items()}
            old(loop, kept, *more)

        return load

    bench.wrap(Loop, "load_weights", without)


OPERATORS = (
    Operator(
        name="average_never_moves",
        family="average",
        mistake="the average of the weights is never updated",
        reference="MultimediaTechLab/YOLO#97; lucidrains/DALLE2-pytorch#131",
        code=average_never_moves,
        recipe=lambda _: "[training]\nema_decay = 0.9",
        named_by=(r"averaged weights|ema_decay",),
    ),
    Operator(
        name="training_mode_at_evaluation",
        family="mode",
        mistake="the networks are evaluated in training mode",
        reference="karpathy/nanoGPT!240; ipolharvard/ethos-ares#20",
        code=training_mode_at_evaluation,
        unfit=dict.fromkeys(("rvc", "higgs"), "its networks compute the same in both modes"),
        named_by=(r"evaluation mode|evaluation done twice|training mode",),
    ),
    Operator(
        name="evaluation_mode_in_training",
        family="mode",
        mistake="the networks are never put back into training mode",
        reference="shubhamagarwal92/mmd#14; write-up 000 of Higgs Audio: model.train() is missing",
        code=evaluation_mode_in_training,
        needs=("has_batch_norm",),
        named_by=(r"training mode|evaluation mode|batch (norm|statistics)",),
    ),
    Operator(
        name="updates_rounded_away",
        family="precision",
        mistake="weights are held in bfloat16, where small updates round to nothing",
        reference="unslothai/unsloth#3529",
        code=updates_rounded_away,
        recipe=lambda anatomy: (
            f"[optimizer.{anatomy.turn}]\nlearning_rate = {anatomy.learning_rate / 10:g}"
        ),
        named_by=(r"(check|guard) updates|size of updates|bfloat16",),
    ),
    Operator(
        name="no_straight_through",
        family="codebook",
        mistake="the straight-through copy of the quantizer is missing",
        reference="yangdongchao/RSTnet#2: collapsed to one code",
        code=no_straight_through,
        needs=("codebook",),
        named_by=(_GRADIENTS, r"straight-through|dead_codes|perplexity|codebook"),
    ),
    Operator(
        name="frozen_codebook",
        family="codebook",
        mistake="the codebook's loss has no path to the codes",
        reference="showlab/Olaf-World#8",
        code=frozen_codebook,
        needs=("codebook",),
        named_by=(_GRADIENTS, r"codebook"),
    ),
    Operator(
        name="swapped_verdicts",
        family="adversarial",
        mistake="the discriminators learn to call recordings generated",
        reference="jik876/hifi-gan#17; write-up 001: losses of 2.0 that mean guessing",
        code=swapped_verdicts,
        needs=("discriminator",),
        named_by=(_ADVERSARIAL,),
    ),
    Operator(
        name="discriminator_sees_recordings",
        family="adversarial",
        mistake="a disabled sampler feeds the discriminators",
        reference="semidark/kikiri-tts#7",
        code=discriminator_sees_recordings,
        needs=("discriminator",),
        named_by=(_ADVERSARIAL,),
    ),
    Operator(
        name="adversarial_detached",
        family="adversarial",
        mistake="the adversarial target was deleted: the generator gets no gradient from it",
        reference="semidark/kikiri-tts#7",
        code=adversarial_detached,
        needs=("discriminator",),
        named_by=(_ADVERSARIAL,),
    ),
    Operator(
        name="frozen_turn",
        family="frozen",
        mistake="the discriminators were frozen for the generator's turn, and stay frozen",
        reference="write-up 001 of DAC: a discriminator loss of 2.0 without any movement",
        code=frozen_turn,
        needs=("discriminator",),
        named_by=(_GRADIENTS, _ADVERSARIAL),
    ),
    Operator(
        name="weights_not_loaded",
        family="weights",
        mistake="weights are loaded after wrapping: nothing is loaded, without a word",
        reference="semidark/kikiri-tts#7",
        code=weights_not_loaded,
        phase="second",
        named_by=(r"weights|parent|loaded",),
    ),
    Operator(
        name="part_discarded",
        family="weights",
        mistake="a module of the first phase is thrown away in the second",
        reference="semidark/kikiri-tts#7: stage 2 discards three modules of stage 1",
        code=part_discarded,
        phase="second",
        named_by=(r"weights|parent|loaded",),
    ),
)
