"""Memory for several ways of training the model: weights are counted, steps run on fake ones."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from attrs import frozen
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from transformers import HiggsAudioV2Config

from engine.project import Project
from engine.systems.codec_lm.higgs.config import codebooks_of, scratch_sizes
from engine.systems.codec_lm.higgs.folder import CONFIG, read_config
from engine.systems.codec_lm.network.network import CodecLmNetwork
from engine.systems.codec_lm.network.trainable import choose_trainable
from engine.systems.codec_lm.recipe import Adapters, CodecLmRecipe, Published
from engine.systems.codec_lm.sequence.delay import IGNORED, delayed, delayed_labels
from engine.systems.codec_lm.sequence.packing import Packed, pack
from engine.systems.codec_lm.sequence.pieces import AudioPiece, Piece, TextPiece
from engine.training.memory_plan import Way
from engine.training.step_memory import StepMemory, as_fake, measure

_TEXT, _MARKS = 64, 3
"""Text tokens of a sequence, and those that are learned."""

_NO_MARKS: dict[str, Any] = dict.fromkeys(
    (
        "pad_token_id",
        "bos_token_id",
        "eos_token_id",
        "audio_token_id",
        "audio_bos_token_id",
        "audio_delay_token_id",
    ),
    0,
)
"""Ids of the tokens, on which no size depends."""


@frozen(kw_only=True)
class _Kind:
    """Which parameters are trained, in which type, with which optimizer."""

    name: str
    adapters: Adapters | None = None
    learned: torch.dtype = torch.float32
    bytes_of_moments: float = 8.0


def memory_plan(recipe: CodecLmRecipe, project: Project, positions: int) -> Sequence[Way]:
    """Memory for ways of training the recipe's model with `positions` in a part of a step.

    Needs neither weights nor a corpus. A published folder that is not there has the released
    model's sizes.
    """
    config = config_of(recipe, project)
    adapters = recipe.adapters or Adapters()
    kinds = (
        _Kind(name="all weights, adamw"),
        _Kind(name="all weights, adamw_8bit", bytes_of_moments=2.0),
        _Kind(
            name="all weights in bf16, adamw_8bit",
            learned=torch.bfloat16,
            bytes_of_moments=2.0,
        ),
        _Kind(name=f"adapters of rank {adapters.rank}, adamw", adapters=adapters),
    )
    return [_way(recipe, config, kind, positions) for kind in kinds]


def _way(recipe: CodecLmRecipe, config: HiggsAudioV2Config, kind: _Kind, positions: int) -> Way:
    network = _network(recipe, config, kind, config.num_hidden_layers)
    learned = [p for p in network.parameters() if p.requires_grad]
    fixed = [p for p in network.parameters() if not p.requires_grad]
    num_bytes, number = sum(p.nbytes for p in learned), sum(p.numel() for p in learned)
    return Way(
        name=kind.name,
        frozen=sum(p.nbytes for p in fixed),
        learned=num_bytes,
        gradients=num_bytes,
        moments=int(number * kind.bytes_of_moments),
        averages=0 if recipe.training.ema_decay is None else num_bytes,
        step=step_memory(config, positions, lambda layers: _network(recipe, config, kind, layers)),
    )


def step_memory(
    config: HiggsAudioV2Config, positions: int, network: Callable[[int], CodecLmNetwork]
) -> StepMemory:
    """Memory of a step of the model: of two layers, plus the third layer's for each other.

    The first and the last layer are computed otherwise than those between.
    """
    packed = pack(sequences(config, positions), "cpu")
    layers = config.num_hidden_layers
    few = _measured(packed, network, min(2, layers))
    return few if layers < 3 else few.grown(_measured(packed, network, 3), layers - 2)


def _measured(packed: Packed, network: Callable[[int], CodecLmNetwork], layers: int) -> StepMemory:
    made = network(layers)
    with FakeTensorMode(allow_non_fake_inputs=True) as mode:
        fake = as_fake(made)
        given = Packed(*(mode.from_tensor(entry) for entry in packed))

        def loss() -> Tensor:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                cost = fake(given)
                return cost.audio_ce + cost.text_ce  # type: ignore[no-any-return]

        return measure(fake, loss)


def _network(
    recipe: CodecLmRecipe, config: HiggsAudioV2Config, kind: _Kind, layers: int
) -> CodecLmNetwork:
    sizes = HiggsAudioV2Config.from_dict({**config.to_dict(), "num_hidden_layers": layers})
    with torch.device("meta"):
        made = CodecLmNetwork(sizes, activation_checkpointing=recipe.model.activation_checkpointing)
        choose_trainable(made, kind.adapters, kind.learned, torch.bfloat16)
    return made


def config_of(recipe: CodecLmRecipe, project: Project) -> HiggsAudioV2Config:
    """The sizes of a recipe's model; a published folder that is not there has the released ones."""
    model = recipe.model
    if isinstance(model, Published):
        folder = project.root / model.folder
        if (folder / CONFIG).is_file():
            return read_config(folder)[0]
        return HiggsAudioV2Config(codebook_size=1024 + 2)
    return HiggsAudioV2Config(
        **scratch_sizes(model),
        vocab_size=model.num_text_tokens,
        **_NO_MARKS,
        num_codebooks=recipe.codec.num_codebooks or 8,
        codebook_size=1024 + 2,
    )


def sequences(config: HiggsAudioV2Config, positions: int) -> list[list[Piece]]:
    """Sequences of at most 1024 positions, half of whose audio is a reference."""
    books = codebooks_of(config)
    number = max(1, round(positions / 1024))
    frames = (positions // number - _TEXT) // 2 - books.num_codebooks - 1
    codes = torch.zeros(max(frames, 1), books.num_codebooks, dtype=torch.long)
    columns = delayed(codes, books.bos, books.eos)
    labels = delayed_labels(codes, books.eos)
    text = torch.zeros(_TEXT - _MARKS, dtype=torch.long)
    marks = torch.zeros(_MARKS, dtype=torch.long)
    sequence: list[Piece] = [
        TextPiece(text, torch.zeros_like(text, dtype=torch.bool)),
        AudioPiece(columns, torch.full_like(labels, IGNORED)),
        AudioPiece(columns, labels),
        TextPiece(marks, torch.ones_like(marks, dtype=torch.bool)),
    ]
    return [sequence] * number
