"""The GPT of XTTS v2 (Casanova et al., 2024): latents of a voice and text in, audio codes out.

Parameters are named as those of upstream's `GPT`, so that weights load strictly both ways. A clip
is the sequence

    [latents | START t1 .. tT | START c1 .. cC STOP STOP STOP]

and each position of text and codes is asked for the next token. The targets are those that
upstream was trained with: t1 .. tT STOP, and c1 .. cC with `NUM_STOPS` stop codes. In training the
input of text is without its STOP (upstream masks it out); where speech is made, it is there.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from attrs import frozen
from torch import Tensor, nn

from engine.errors import UserError
from engine.systems.xtts.network.conditioning import ConditioningEncoder, PerceiverResampler
from engine.systems.xtts.network.packing import (
    Lengths,
    Packing,
    Tokens,
    as_counts,
    by_length,
    framed,
    pack,
)
from engine.systems.xtts.network.transformer import CausalTransformer

NUM_STOPS = 4
"""Stop codes among a clip's targets: upstream asks for so many."""
_CONFIG_NAMES = {
    "num_layers": "gpt_layers",
    "dim": "gpt_n_model_channels",
    "num_heads": "gpt_n_heads",
    "num_text_tokens": "gpt_number_text_tokens",
    "start_text_token": "gpt_start_text_token",
    "stop_text_token": "gpt_stop_text_token",
    "num_audio_tokens": "gpt_num_audio_tokens",
    "start_audio_token": "gpt_start_audio_token",
    "stop_audio_token": "gpt_stop_audio_token",
    "max_audio_tokens": "gpt_max_audio_tokens",
    "max_text_tokens": "gpt_max_text_tokens",
    "max_prompt_tokens": "gpt_max_prompt_tokens",
    "code_stride": "gpt_code_stride_len",
}


@frozen(kw_only=True)
class GptSettings:
    """What decides the shapes of a GPT, and its special tokens. Defaults are the published ones."""

    num_layers: int
    dim: int
    num_heads: int
    num_text_tokens: int
    """Entries of the text vocabulary, specials included; so for audio."""
    start_text_token: int
    stop_text_token: int
    num_audio_tokens: int
    start_audio_token: int
    stop_audio_token: int
    max_audio_tokens: int = 605
    max_text_tokens: int = 402
    """Most text tokens, without START and STOP."""
    max_prompt_tokens: int = 70
    """Upstream's; no shape depends on it."""
    code_stride: int = 1024
    """Samples of audio (at 22,050 Hz) for each code."""
    num_mels: int = 80
    num_latents: int = 32
    dropout: float = 0.1

    @property
    def max_codes(self) -> int:
        """The most codes, without START and stop codes, that upstream trains on in one clip."""
        return self.max_audio_tokens + 2 - NUM_STOPS

    @property
    def max_spoken(self) -> int:
        """The most codes, a stop code included, that upstream makes for one text."""
        return self.max_audio_tokens - 3

    @classmethod
    def of_config(cls, config: Mapping[str, Any], **overrides: Any) -> "GptSettings":
        """The settings of a published config.json (or its `model_args`); `overrides` come first.

        A published file may leave what the vocabulary decides as null: hand it in. Raises
        UserError where a value is neither there nor handed in, and for XTTS v1.
        """
        args = config.get("model_args", config)
        if not args.get("gpt_use_perceiver_resampler", False):
            raise UserError(
                "config.json has no gpt_use_perceiver_resampler = true: it describes an XTTS v1, "
                "and only XTTS v2 can be used. Use the config.json that belongs to XTTS v2."
            )
        given = {name: args.get(theirs) for name, theirs in _CONFIG_NAMES.items()} | overrides
        names = _CONFIG_NAMES.items()
        wrong = [theirs for name, theirs in names if not _is_count(given[name])]
        if wrong:
            raise UserError(
                f"config.json gives no whole number for {', '.join(wrong)}. "
                "Use the config.json that was published with the weights."
            )
        return cls(**given)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


class PerClip(NamedTuple):
    """Cross-entropies of each clip of a batch, [B] each: sums, for means of any kind.

    Upstream's batch means are the sum of the nats over the sum of their counts.
    """

    text_nats: Tensor
    """Cross-entropy of text targets, STOP included."""
    num_text: Tensor
    """Number of text targets: the text's length + 1."""
    audio_nats: Tensor
    """Cross-entropy of code targets, stop codes included."""
    num_audio: Tensor
    """Number of code targets: the codes' + `NUM_STOPS`."""
    audio_correct: Tensor
    """Number of code targets to which the GPT gave the highest probability."""
    stop_nats: Tensor
    """The part of `audio_nats` that is the stop codes'."""


class Asked(NamedTuple):
    """Scores and labels at all N tokens of a modality."""

    scores: Tensor
    """fp32 [N, entries of the vocabulary]."""
    labels: Tensor
    """int64 [N]."""
    tokens: Tokens
    """Where each is predicted from: its clip, and its position, START having 0."""

    @property
    def nats(self) -> Tensor:
        """Cross-entropy of each label, [N]."""
        return F.cross_entropy(self.scores, self.labels, reduction="none")


class _Positions(nn.Module):
    """Learned positions of a modality, named as upstream's."""

    def __init__(self, num_positions: int, dim: int) -> None:
        super().__init__()
        self.emb = nn.Embedding(num_positions, dim)
        nn.init.normal_(self.emb.weight, std=0.02)

    def forward(self, positions: Tensor) -> Tensor:
        embedded: Tensor = self.emb(positions)
        return embedded


class XttsGpt(nn.Module):
    """Conditioning, embeddings, transformer and heads. Initialized as upstream initializes it."""

    def __init__(self, settings: GptSettings) -> None:
        super().__init__()
        self.settings, dim = settings, settings.dim
        self.conditioning_encoder = ConditioningEncoder(settings.num_mels, dim, settings.num_heads)
        self.text_embedding = nn.Embedding(settings.num_text_tokens, dim)
        self.mel_embedding = nn.Embedding(settings.num_audio_tokens, dim)
        self.gpt = CausalTransformer(settings.num_layers, dim, settings.num_heads, settings.dropout)
        self.mel_pos_embedding = _Positions(settings.max_audio_tokens + 3, dim)
        self.text_pos_embedding = _Positions(settings.max_text_tokens + 2, dim)
        self.final_norm = nn.LayerNorm(dim)
        self.text_head = nn.Linear(dim, settings.num_text_tokens)
        self.mel_head = nn.Linear(dim, settings.num_audio_tokens)
        self.conditioning_perceiver = PerceiverResampler(dim, settings.num_latents)

    def condition(self, mels: Tensor, lengths: Lengths | None = None) -> Tensor:
        """The latents [B, num_latents, dim] of a voice in mels [B, num_mels, frames].

        With `lengths` [B], in frames, each row has the latents of its own frames alone, whatever
        stands in the padding: rows of one length are encoded together. Without, all frames are
        used, as in upstream's `get_style_emb`.
        """
        if lengths is None:
            latents: Tensor = self.conditioning_perceiver(self.conditioning_encoder(mels))
            return latents
        alike, order = _uncompiled(by_length, mels, lengths)
        return torch.cat([self.condition(rows) for rows in alike])[order]

    def forward(
        self,
        latents: Tensor,
        text: Tensor,
        text_lengths: Lengths,
        codes: Tensor,
        code_lengths: Lengths,
    ) -> PerClip:
        """The cost of clips: latents [B, num_latents, dim], text ids [B, T], codes [B, C].

        Text and codes are int64, padded on the right with anything, and without START and STOP.
        """
        return self.costs(*self.asked(latents, text, text_lengths, codes, code_lengths))

    def costs(self, text_asked: Asked, asked: Asked) -> PerClip:
        """The cost of clips, by the scores at all their text and at all their codes."""
        text_nats, audio_nats = text_asked.nats, asked.nats
        correct = (asked.scores.detach().argmax(-1) == asked.labels).float()
        return PerClip(
            _by_clip(text_nats, text_asked.tokens),
            text_asked.tokens.counts,
            _by_clip(audio_nats, asked.tokens),
            asked.tokens.counts,
            _by_clip(correct, asked.tokens),
            _by_clip(audio_nats * (asked.labels == self.settings.stop_audio_token), asked.tokens),
        )

    def asked(
        self,
        latents: Tensor,
        text: Tensor,
        text_lengths: Lengths,
        codes: Tensor,
        code_lengths: Lengths,
    ) -> tuple[Asked, Asked]:
        """Scores and labels of all text and of all codes; arguments as those of `forward`."""
        own, packing = self.settings, self._packing(text_lengths, code_lengths, 1, NUM_STOPS)
        own_text, own_codes = packing.text.counts - 1, packing.codes.counts - NUM_STOPS
        text = framed(text, own_text, own.start_text_token, own.stop_text_token, 1)
        codes = framed(codes, own_codes, own.start_audio_token, own.stop_audio_token, NUM_STOPS)
        of_text, of_codes = self._states(latents, text, codes, packing)
        text_labels, labels = packing.text.of(text, after=1), packing.codes.of(codes, after=1)
        return (
            Asked(_in_fp32(self.text_head, of_text), text_labels, packing.text),
            Asked(_in_fp32(self.mel_head, of_codes), labels, packing.codes),
        )

    def latents(
        self,
        latents: Tensor,
        text: Tensor,
        text_lengths: Lengths,
        codes: Tensor,
        code_lengths: Lengths,
    ) -> list[Tensor]:
        """The vocoder's input for each clip, [codes, dim]: the state that predicts each code.

        Arguments as those of `forward`. Upstream's `forward(..., return_latent=True)`. Its
        `inference` hands in a stop code too, where one was said: it is one of the codes then.
        """
        own, packing = self.settings, self._packing(text_lengths, code_lengths, 2, 0)
        own_text, own_codes = packing.text.counts - 2, packing.codes.counts
        text = framed(text, own_text, own.start_text_token, own.stop_text_token, 1)
        codes = framed(codes, own_codes, own.start_audio_token, own.stop_audio_token, 0)
        _, of_codes = self._states(latents, text, codes, packing)
        return list(torch.split(of_codes, packing.codes.counts.tolist()))

    def prompt(self, latents: Tensor, text: Tensor) -> Tensor:
        """The prompt of speech: [1, num_latents, dim] and text ids [T] to [1, length, dim]."""
        own = self.settings
        lengths = text.new_tensor([len(text)])
        ids = framed(text[None], lengths, own.start_text_token, own.stop_text_token, 1)
        places = torch.arange(ids.shape[1], device=ids.device)
        embedded = self.text_embedding(ids) + self.text_pos_embedding(places)
        return torch.cat([latents, embedded], dim=1)

    def spoken(self, codes: Tensor, position: int = 0) -> Tensor:
        """Embeddings [B, n, dim] of codes [B, n], START included, from a position of speech on."""
        places = torch.arange(position, position + codes.shape[1], device=codes.device)
        embedded: Tensor = self.mel_embedding(codes) + self.mel_pos_embedding(places)
        return embedded

    def next_scores(self, states: Tensor) -> Tensor:
        """Scores [B, num_audio_tokens] of the next code, fp32, from the transformer's [B, dim]."""
        return _in_fp32(self.mel_head, self.final_norm(states))

    def _packing(self, *lengths_and_more: Any) -> Packing:
        """What `_layout` gives: lengths are data."""
        packing: Packing = _uncompiled(self._layout, *lengths_and_more)
        return packing

    def _layout(
        self, text_lengths: Lengths, code_lengths: Lengths, more_text: int, more_codes: int
    ) -> Packing:
        """The packing of clips with so many tokens beside a modality's own."""
        num_text, num_codes = as_counts(text_lengths), as_counts(code_lengths)
        assert max(num_text) <= self.settings.max_text_tokens, "the caller sees to it"
        assert max(num_codes) <= self.settings.max_codes, "the caller sees to it"
        counts = [n + more_text for n in num_text], [n + more_codes for n in num_codes]
        return pack(self.settings.num_latents, *counts, self.final_norm.weight.device)

    def _states(
        self, latents: Tensor, text: Tensor, codes: Tensor, packing: Packing
    ) -> tuple[Tensor, Tensor]:
        """Final states [tokens, dim] at all text tokens and at all code tokens of framed rows."""
        text = self.text_embedding(packing.text.of(text))
        codes = self.mel_embedding(packing.codes.of(codes))
        x = torch.cat(
            [
                latents.flatten(0, 1),
                text + self.text_pos_embedding(packing.text.position),
                codes + self.mel_pos_embedding(packing.codes.position),
            ]
        )
        rows = x.index_select(0, packing.source.flatten()).view(*packing.source.shape, -1)
        slots = torch.cat([packing.text.slot, packing.codes.slot])
        states = self.final_norm(self.gpt(rows).flatten(0, 1).index_select(0, slots))
        num_text = len(packing.text.slot)
        return states[:num_text], states[num_text:]


def _uncompiled(function: Callable[..., Any], *args: Any) -> Any:
    """What a function gives that goes by numbers in tensors: torch.compile must leave it alone."""
    if torch.compiler.is_compiling():  # else this would import the compiler, which takes 4 s
        return torch.compiler.disable(function)(*args)  # type: ignore[no-untyped-call]
    return function(*args)


def _by_clip(values: Tensor, tokens: Tokens) -> Tensor:
    return values.new_zeros(len(tokens.counts)).index_add(0, tokens.clip, values)


def _in_fp32(head: nn.Module, states: Tensor) -> Tensor:
    """Logits in float32, whatever type autocast uses: small differences matter."""
    with torch.autocast(states.device.type, enabled=False):
        logits: Tensor = head(states.float())
    return logits
