"""The training task: the next entry of each codebook, and the chat's marks around the audio."""

from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor
from transformers import HiggsAudioV2Config

from engine.errors import RefusedValuesError
from engine.nn.adapters import continued
from engine.nn.precision import as_kept
from engine.systems.codec_lm.data.assets import CodecLmAssets
from engine.systems.codec_lm.data.dataset import PADDING
from engine.systems.codec_lm.network.costs import PerClip
from engine.systems.codec_lm.network.network import CodecLmNetwork
from engine.systems.codec_lm.network.trainable import choose_trainable
from engine.systems.codec_lm.recipe import CodecLmRecipe
from engine.systems.codec_lm.sequence.packing import Packed, pack
from engine.systems.codec_lm.sequence.pieces import Piece
from engine.training.system import Batch, Terms, TrainingModule

_TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


class CodecLmTrainingModule(TrainingModule):
    """Batches as `CloningClips` makes them."""

    speaks: Tensor
    """Digest of codec and chat: what the network's entries and tokens mean, uint8 [32]."""

    def __init__(
        self, recipe: CodecLmRecipe, assets: CodecLmAssets, config: HiggsAudioV2Config
    ) -> None:
        super().__init__()
        self.chat = assets.chat
        self.network = CodecLmNetwork(
            config, activation_checkpointing=recipe.model.activation_checkpointing
        )
        learned = getattr(torch, recipe.model.weights)
        choose_trainable(self.network, recipe.adapters, learned, _TYPES[recipe.training.precision])
        digest = torch.tensor(list(bytes.fromhex(assets.digest)), dtype=torch.uint8)
        self.register_buffer("speaks", digest)

    def prepare(self, batch: Batch) -> Batch:
        """Lay the sequences of a batch out as one stream: the fields of `Packed`."""
        packed = pack(self.sequences(batch), self.speaks.device)
        return cast("Batch", packed._asdict())

    def sequences(self, batch: Batch) -> list[list[Piece]]:
        """The sequence of each clip of a batch, on the CPU."""
        named = ("text", "reference_text", "reference", "target")
        rows = zip(*(_unpadded(batch[name].cpu()) for name in named), strict=True)
        return [self.chat.pieces(*row) for row in rows]

    def num_targets(self, batch: Batch) -> Mapping[str, int]:
        """See TrainingModule: the codes and an end of stream in each codebook, not the marks."""
        target = batch["target"]
        codes = int((target != PADDING).sum()) + len(target) * target.shape[-1]
        return {"audio_ce": codes, "accuracy": codes}

    def lm(self, batch: Batch) -> Terms:
        """Cross-entropies in nats, each a mean over all targets of the batch."""
        cost = self.cost(batch)
        losses = {"audio_ce": cost.audio_ce, "text_ce": cost.text_ce}
        metrics = {
            "accuracy": cost.audio_correct.sum() / cost.num_audio.sum(),
            "end_ce": cost.end_nats.detach().mean(),
        }
        return Terms(losses, metrics)

    def cost(self, prepared: Batch) -> PerClip:
        """The cross-entropies of each clip of a prepared batch."""
        with as_kept(self.network):
            cost: PerClip = self.network(Packed(*(prepared[name] for name in Packed._fields)))
        return cost

    def adopted(self, weights: Mapping[str, Tensor]) -> tuple[Mapping[str, Tensor], str]:
        """Adapters like this phase's are kept; others are merged into the weights."""
        self._require_same_meaning(weights.get("speaks"))
        return continued(self.state_dict(), weights)

    def _load_from_state_dict(self, state_dict: Any, prefix: str, *others: Any) -> None:
        """Raise UserError where weights were trained on other codes, which no shape would show."""
        self._require_same_meaning(state_dict.get(f"{prefix}speaks"))
        super()._load_from_state_dict(state_dict, prefix, *others)

    def _require_same_meaning(self, given: Tensor | None) -> None:
        if given is not None and not torch.equal(given.cpu(), self.speaks.cpu()):
            raise RefusedValuesError(
                "These weights were trained with the codes of another codec, with another "
                "tokenizer or with another dataset.instruction: the same numbers stand for "
                "other sounds and letters. Give both recipes the same codec (trained no further "
                "since), [model] and dataset.instruction, and, where the tokenizer is made of the "
                "transcripts, the same corpus; or start from other weights."
            )


def _unpadded(rows: Tensor) -> list[Tensor]:
    """Rows [B, n, ...] without the padding on their right."""
    used = rows if rows.dim() == 2 else rows[..., 0]
    return [row[:count] for row, count in zip(rows, (used != PADDING).sum(1).tolist(), strict=True)]
