"""A language model over the delayed codebooks of a codec, run on packed sequences.

The parameters are those of transformers' class, by its names, and what is computed equals its
forward; how it is computed does not (`packing.py`, `layers.py`, `costs.py`).
"""

import torch
from torch import Tensor, nn
from transformers import HiggsAudioV2Config, HiggsAudioV2ForConditionalGeneration

from engine.systems.codec_lm.network.costs import PerClip, by_clip, nats_and_correct
from engine.systems.codec_lm.network.layers import through_layers
from engine.systems.codec_lm.network.rows import Rows
from engine.systems.codec_lm.sequence.delay import IGNORED
from engine.systems.codec_lm.sequence.packing import Packed


class CodecLmNetwork(nn.Module):
    """`model` with its own forward pass. Initialised as transformers does, by torch's generator.

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
        config, num_clips = self.model.config, len(packed.rows)
        audio_nats, correct = nats_and_correct(
            self.model.audio_lm_head, audio_states, packed.audio_labels, config.codebook_size
        )
        labels, clips = packed.audio_labels, packed.audio_clips
        ends = audio_nats * (labels == config.audio_stream_eos_id)
        text_nats, _ = nats_and_correct(
            self.model.text_lm_head, text_states, packed.text_labels[:, None], config.vocab_size
        )
        return PerClip(
            by_clip(audio_nats, clips, num_clips),
            by_clip(correct, clips, num_clips),
            by_clip((labels != IGNORED).float(), clips, num_clips),
            by_clip(ends, clips, num_clips),
            by_clip(text_nats[:, 0], packed.text_clips, num_clips),
            by_clip(torch.ones_like(text_nats[:, 0]), packed.text_clips, num_clips),
        )

    def logits(self, packed: Packed) -> tuple[Tensor, Tensor]:
        """What each label is predicted by: text [n, vocabulary] and audio [m, K, entries]."""
        text_states, audio_states = self._states(packed)
        audio = self.model.audio_lm_head(audio_states)
        codebooks = (self.model.config.num_codebooks, self.model.config.codebook_size)
        return self.model.text_lm_head(text_states), audio.unflatten(-1, codebooks)

    def _states(self, packed: Packed) -> tuple[Tensor, Tensor]:
        """States [n, dim] and [m, dim] from which text and audio labels are predicted."""
        body = self.model.model
        text, audio = body.embed_tokens(packed.text), body.embed_audio_tokens(packed.audio)
        rows = Rows.of(packed, body.rotary_emb, text)
        keep = not self.activation_checkpointing
        states = body.norm(through_layers(body.layers, text, audio, packed, rows, keep))
        return states.index_select(0, packed.text_from), states.index_select(0, packed.audio_from)
