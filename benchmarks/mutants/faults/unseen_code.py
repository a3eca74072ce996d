"""Faults in steps, losses and networks by somebody who had not read the checks.

Each is from a public report. benchmarks/results/mutants.jsonl has what was found by the checks that
were there before; for some of these faults checks were written since.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from unittest.mock import patch

from torch import Tensor, nn

from benchmarks.mutants.anatomy import Anatomy
from benchmarks.mutants.operator import Operator
from benchmarks.mutants.workbench import Workbench
from engine.nn.adversarial import Kind, Reduction
from engine.nn.discriminators import Verdicts
from engine.systems.codec import training_module as codec_module
from engine.systems.codec.network.network import _ResidualUnit
from engine.systems.codec_lm.network import costs as lm_costs
from engine.systems.codec_lm.network import layers as lm_layers
from engine.systems.vqvae.shapes import GRID
from engine.systems.xtts.network import gpt as gpt_module
from engine.systems.xtts.network.transformer import _Block
from engine.training.devices import Device

Rows = dict[str, Tensor]
_SHARE_A_STEP = 0.05


def _decay_a_step(anatomy: Anatomy) -> str:
    """Weights lose a twentieth at every step: the decay was divided by the learning rate."""
    decay = _SHARE_A_STEP / anatomy.learning_rate
    return f"[optimizer.{anatomy.turn}]\nweight_decay = {decay:g}"


def last_part_alone(bench: Workbench) -> None:
    """Gradients are cleared before each part's backward: those of the last part are left."""
    module = bench.system.module

    def cleared(old: Callable[..., None]) -> Callable[..., None]:
        def backward(device: Device, loss: Tensor) -> None:
            for parameter in module.parameters():
                if parameter.requires_grad:
                    parameter.grad = None
            old(device, loss)

        return backward

    bench.wrap(Device, "backward", cleared)


def _num_summed(module: Any, batch: Mapping[str, Tensor]) -> int:
    """Over how many elements the mean of the commitment is taken."""
    if "codes" in batch:
        frames = batch["codes"][:, 0].numel()
        return frames * int(module.network.settings.codebook_dim)
    return len(batch["mel_db"]) * GRID**2 * int(module.network.vq.codebook.weight.shape[1])


def summed_commitment(bench: Workbench) -> None:
    """The penalty on the latents is a sum over a batch, and the other losses are means."""
    module: Any = bench.system.module
    name = "commitment"

    def summed(old: Callable[..., Any]) -> Callable[..., Any]:
        def turn(batch: Mapping[str, Tensor]) -> Any:
            terms = old(batch)
            loss = terms.losses[name] * _num_summed(module, batch)
            return terms._replace(losses={**terms.losses, name: loss})

        return turn

    bench.wrap(module, bench.anatomy.turn, summed)


def double_softmax(bench: Workbench) -> None:
    """The heads end in a softmax, and the cross-entropy has one of its own."""
    network: Any = bench.system.module.get_submodule("network")
    if hasattr(network, "asked"):
        bench.wrap(
            gpt_module, "_in_fp32", lambda old: lambda head, states: old(head, states).softmax(-1)
        )
        return

    def with_softmax(old: Callable[..., Any]) -> Callable[..., Any]:
        def costs(head: nn.Module, states: Tensor, labels: Tensor, num_entries: int) -> Any:
            def probabilities(given: Tensor) -> Tensor:
                scores: Tensor = head(given)
                return scores.view(-1, num_entries).softmax(-1)

            return old(probabilities, states, labels, num_entries)

        return costs

    bench.wrap(lm_costs, "_nats_and_correct", with_softmax)


def linear_mel(bench: Workbench) -> None:
    """The loss compares mel magnitudes; evaluation compares their logarithms, as it should."""
    module: Any = bench.system.module

    def distance(found: Tensor, wanted: Tensor) -> Tensor:
        return (found - wanted).abs().flatten(1).mean(1)

    def magnitudes(spectrum: Tensor) -> Tensor:
        filters: Tensor = module.log_mel.filters
        return filters @ spectrum

    linear: Callable[..., Tensor]
    if hasattr(module, "log_mel"):
        owner, name, linear = module.log_mel, "forward", magnitudes
    else:
        owner, name, linear = module.mel_distance, "compare", distance

    def without_log(old: Callable[..., Any]) -> Callable[..., Any]:
        def turn(batch: Mapping[str, Tensor]) -> Any:
            with patch.object(owner, name, linear):
                return old(batch)

        return turn

    bench.wrap(module, bench.anatomy.turn, without_log)


def fakes_called_real(bench: Workbench) -> None:
    """The discriminators are taught to call both sides real: both have the label of ones."""

    def all_real(old: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def loss(kind: Kind, reduction: Reduction, verdicts: Verdicts) -> Tensor:
            mirrored = [-one if kind == "hinge" else 1 - one for one in verdicts.fake]
            return old(kind, reduction, verdicts._replace(fake=mirrored))

        return loss

    bench.wrap(codec_module, "discriminator_loss", all_real)


def statistics_never_move(bench: Workbench) -> None:
    """Batch norms have a momentum of 0: their running statistics stay those of the start."""
    for norm in bench.system.module.modules():
        if isinstance(norm, nn.BatchNorm2d):
            bench.mark()
            bench.replace(norm, "momentum", 0.0)


def residual_lost(bench: Workbench) -> None:
    """What goes into a block is not added to what comes out of it (of its attention)."""
    network: Any = bench.system.module.get_submodule("network")
    if bench.anatomy.turn == "lm":
        bench.wrap(
            lm_layers,
            "_after_attention",
            lambda old: lambda layer, text, audio, to: old(layer, text * 0, audio * 0, to),
        )
    for block in network.modules():
        if isinstance(block, _ResidualUnit):
            bench.wrap(block, "forward", lambda old: lambda x: old(x) - x)
        if isinstance(block, _Block):
            bench.wrap(block, "forward", partial(_replacing, block))


def _replacing(block: Any, _: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A block of the GPT whose attention replaces its input."""

    def forward(x: Tensor, *more: Any) -> Tensor:
        x = block.attn(block.ln_1(x), *more)
        added: Tensor = x + block.mlp(block.ln_2(x))
        return added

    return forward


_NO_MEL_LOSS = "it has no mel loss"
OPERATORS = (
    Operator(
        name="epsilon_of_one",
        family="optimizer",
        mistake="Adam's epsilon is 1, far above the size of any gradient",
        reference="tensorflow/models#779: opt_epsilon is 1.0 by default, and weights had hardly "
        "changed after 10,000 steps; mlpnlp/mlpnlp-nmt!4: 0.1, with which it does not train well",
        recipe=lambda anatomy: f"[optimizer.{anatomy.turn}]\nepsilon = 1.0",
        named_by=(r"epsilon",),
        unseen=True,
    ),
    Operator(
        name="decay_a_step",
        family="optimizer",
        mistake="the weight decay was meant for a framework that does not multiply it by the "
        "learning rate, and is so large that weights shrink to nothing",
        reference="mlfoundations/open_clip#32: weight decay is meant times the learning rate by "
        "some and without it by others; lucidrains/DALLE-pytorch#170: AdamW with weight decay "
        "gives brown pictures while the loss falls",
        recipe=_decay_a_step,
        named_by=(r"weight.decay", r"decays? (the )?(weights|parameters)", r"weights shrink"),
        unseen=True,
    ),
    Operator(
        name="last_part_alone",
        family="gradients",
        mistake="zero_grad is called in the loop over micro-batches: only the last one counts",
        reference="bytetriper/RAE#67: zero_grad per micro-batch breaks accumulation; "
        "pytorch/torchtitan!3575: gradients of all micro-batches but the last are zeroed",
        code=last_part_alone,
        recipe=lambda _: "[training]\nbatch_size = 4\nnum_micro_batches = 4",
        unfit={"audio_vae": "with a quarter of each batch it comes as far in 60 steps"},
        named_by=(
            r"micro.?batch",
            r"accumulat",
            r"parts? of (a|the) (step|batch)",
            r"zero_grad|gradients? .*(cleared|zeroed|lost)",
        ),
        unseen=True,
    ),
    Operator(
        name="summed_commitment",
        family="loss",
        mistake="the penalty on the latents is summed over the batch, the other losses are means",
        reference="zdebruine/MMVAE!19: the penalty on latents (KL) is a sum and MSE a mean, and "
        "it falls to 0 within a few epochs; SeldonIO/alibi-detect#90: reduce_sum in the ELBO "
        "overbalances a term",
        code=summed_commitment,
        needs=("codebook",),
        named_by=(
            r"commitment.*(weight|scale|share|size|large|dominat|outweigh|\bsum)",
            r"(weight|scale|share|size|large|dominat|outweigh|\bsum).*commitment",
            r"reduction|\bsum(med)? (instead of|where|and not|over)",
        ),
        unseen=True,
    ),
    Operator(
        name="double_softmax",
        family="loss",
        mistake="a softmax stands before a cross-entropy that has its own",
        reference="bowang-lab/Transformer-GCN-QA!32: a second softmax lessens the gradient; "
        "ariecattan/SciCo#2: a loss sticks, because logits that are softmaxed bound it from below",
        code=double_softmax,
        needs=("codes",),
        named_by=(r"softmax|logits|probabilit", r"cross.entropy .*(bounded|floor|cannot)"),
        unseen=True,
    ),
    Operator(
        name="linear_mel",
        family="loss",
        mistake="the mel loss is of magnitudes, without the logarithm",
        reference="revsic/torch-diffusion-wavegan#1: the STFT loss uses linear mel spectrograms "
        "and should use logarithmic ones",
        code=linear_mel,
        unfit={
            "audio_vae": _NO_MEL_LOSS + ": its spectrograms are decibels before any loss",
            "xtts": _NO_MEL_LOSS,
            "higgs": _NO_MEL_LOSS,
        },
        named_by=(
            r"\blog(arithm\w*|.mel)\b|\bmel\b.*\blog\b",
            r"train/(generator/)?mel\b.*eval/mel|eval/mel\b.*train/(generator/)?mel",
            r"\bmel\b.*(another|different|not the same|disagree|differs?)\b.*(scale|unit|eval)",
            r"linear.*mel|mel.*(magnitude|linear|loss .*scale)",
        ),
        unseen=True,
    ),
    Operator(
        name="fakes_called_real",
        family="adversarial",
        mistake="generated audio has the label of recordings in the discriminators' loss",
        reference="SerezD/vqvae-vqgan-pytorch-lightning#3: the loss of fakes has a target of ones, "
        "not zeros; PrashanthaTP/wav2mov#6: fake labels are still 1 after swapping back",
        code=fakes_called_real,
        needs=("discriminator",),
        unfit={"rvc": "its discriminators only guess in 60 steps, also with the right labels"},
        named_by=(
            r"discriminator.*(chance|guess|accuracy|label|learn|real|fake|generated|verdict|loss)",
            r"adversarial|verdict",
        ),
        unseen=True,
    ),
    Operator(
        name="statistics_never_move",
        family="batch norm",
        mistake="batch norms have a momentum of 0, which torch reads as never moving",
        reference="pytorch/pytorch#15298: momentum=0 in Inception's batch norms, taken for the "
        "newest statistics alone; r9y9/tacotron_pytorch#19: momentum by TensorFlow's convention",
        code=statistics_never_move,
        needs=("has_batch_norm",),
        named_by=(r"batch.?norm|running (mean|statistics|var)|batch statistics",),
        unseen=True,
    ),
    Operator(
        name="residual_lost",
        family="network",
        mistake="blocks replace their input, where they had to add to it",
        reference="ooples/AiDotNet!1527: blocks of TTS models without residual connections wash "
        "the input out; znxlwm/UGATIT-pytorch#32: no skip connection in the residual block",
        code=residual_lost,
        unfit={
            "audio_vae": "its networks have no residual connections",
            "rvc": "its one layer of attention does without them in 60 steps",
        },
        named_by=(
            r"residual (connection|path|block|unit|sum|branch)|skip connection|shortcut",
            r"(block|layer|unit)s?\b.*(replaces?|without|not added|does not add|loses?).*input",
            r"input.*(not added|lost|washed out|does not reach|is not passed)",
        ),
        unseen=True,
    ),
)
