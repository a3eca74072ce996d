"""A language model over the delayed codebooks of a codec, run on packed sequences.

The parameters are those of transformers' class, by its names, and what is computed equals its
forward; how it is computed does not (`packing.py`, `layers.py`, `costs.py`).
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import HiggsAudioV2Config, HiggsAudioV2ForConditionalGeneration

from engine.systems.codec_lm.network.costs import PerClip, by_clip, nats_and_correct
from engine.systems.codec_lm.network.layers import through_layers
from engine.systems.codec_lm.network.rows import Rows
from engine.systems.codec_lm.sequence.delay import IGNORED
from engine.systems.codec_lm.sequence.packing import Packed


class CodecLmNetwork(nn.Module):
    """`model` with its own forward pass. Initialized as transformers does, by torch's generator.

    Where `activation_checkpointing`, layers are computed again in backward instead of kept.
    """

    def __init__(
        self, config: HiggsAudioV2Config, *, activation_checkpointing: bool = False
    ) -> None:
        super().__init__()
        self.model = HiggsAudioV2ForConditionalGeneration(config, use_text_head=True)
        self.activation_checkpointing = activation_checkpointing

    def forward(self, packed: Packed) -> PerClip:
        """The cost of each clip. Every learned entry is predicted from the position before it."""
        text_states, audio_states = self._states(packed)
        audio = self._audio_costs(audio_states, packed, self._head("audio_lm_head"))
        return PerClip(*audio, *self._text_costs(text_states, packed, self._head("text_lm_head")))

    def costs(self, text: Tensor, audio: Tensor, packed: Packed) -> PerClip:
        """The cost of each clip by given logits, as those of `logits`."""
        given = nn.Identity()
        return PerClip(
            *self._audio_costs(audio.flatten(1), packed, given),
            *self._text_costs(text, packed, given),
        )

    def logits(self, packed: Packed) -> tuple[Tensor, Tensor]:
        """What each label is predicted by: text [n, vocabulary] and audio [m, K, entries]."""
        text_states, audio_states = self._states(packed)
        text, audio = self._head("text_lm_head"), self._head("audio_lm_head")
        codebooks = (self.model.config.num_codebooks, self.model.config.codebook_size)
        return text(text_states), audio(audio_states).unflatten(-1, codebooks)

    def keep_weights_in(self, dtype: torch.dtype) -> None:
        """Hold the parameters in another type.

        `Module.to` would round the frequencies of the rotary embedding as well, and so displace
        every position but the first few.
        """
        for parameter in self.parameters():
            parameter.data = parameter.data.to(dtype)

    def _states(self, packed: Packed) -> tuple[Tensor, Tensor]:
        """States [n, dim] and [m, dim] from which text and audio labels are predicted."""
        body = self.model.model
        assert body.rotary_emb.inv_freq.dtype == torch.float32, "see keep_weights_in"
        text, audio = body.embed_tokens(packed.text), _embedded(body.embed_audio_tokens, packed)
        rows = Rows.of(packed, body.rotary_emb, text)
        keep = not self.activation_checkpointing
        states = body.norm(through_layers(body.layers, text, audio, packed, rows, keep))
        return states.index_select(0, packed.text_from), states.index_select(0, packed.audio_from)

    def _audio_costs(self, states: Tensor, packed: Packed, head: nn.Module) -> tuple[Tensor, ...]:
        labels, config = packed.audio_labels, self.model.config
        nats, correct = nats_and_correct(head, states, labels, config.codebook_size)
        ends = nats * (labels == config.audio_stream_eos_id)
        asked = (labels != IGNORED).float()
        num_clips = len(packed.rows)
        return tuple(
            by_clip(one, packed.audio_clips, num_clips) for one in (nats, correct, asked, ends)
        )

    def _text_costs(self, states: Tensor, packed: Packed, head: nn.Module) -> tuple[Tensor, ...]:
        labels, vocabulary = packed.text_labels[:, None], self.model.config.vocab_size
        nats, correct = nats_and_correct(head, states, labels, vocabulary)
        asked, num_clips = torch.ones_like(nats), len(packed.rows)
        return tuple(
            by_clip(one[:, 0], packed.text_clips, num_clips) for one in (nats, correct, asked)
        )

    def _head(self, name: str) -> nn.Module:
        return self.model.get_submodule(name)


def _embedded(embeddings: Any, packed: Packed) -> Tensor:
    """The sum of the embeddings of each audio column's entries, [M, dim].

    As `embeddings` makes it, without the K vectors of each column in between.
    """
    entries = packed.audio + embeddings.audio_tokens_offsets
    return F.embedding_bag(entries, embeddings.embed_audio_tokens.weight, mode="sum")
