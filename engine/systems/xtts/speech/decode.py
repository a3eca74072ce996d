"""Speech from the GPT: one code after another, sampled from its predictions.

The order in which scores are changed, and what each change does, are those of `transformers`'
`generate`, which upstream uses: repetition penalty (Keskar et al., 2019, section 4.1), temperature,
top-k, top-p (Holtzman et al., 2020, section 3.1).
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from attrs import frozen
from torch import Tensor

from engine.systems.xtts.network.gpt import XttsGpt

_PLACEHOLDER = 1
"""Upstream writes this code where the prompt stands, so that it counts as said already."""


@frozen(kw_only=True)
class Sampling:
    """How the next code is chosen. Defaults are those of upstream's `inference`."""

    temperature: float = 0.75
    top_k: int = 50
    """Number of most likely codes that are sampled from; 0: all."""
    top_p: float = 0.85
    """Probability that the most likely codes must reach together (nucleus sampling)."""
    repetition_penalty: float = 10.0
    """By which the score of a code said before is divided (multiplied, where it is negative)."""
    greedy: bool = False
    """Always the most likely code; the repetition penalty is applied before."""


class Decoded(NamedTuple):
    """Decoded codes, row by row."""

    codes: list[Tensor]
    """int64 [codes] each, on the GPT's device, without START and the stop code."""
    stopped: list[bool]
    """Whether the row came to its end itself. One that did not was cut off at the limit."""


def decode(
    gpt: XttsGpt,
    latents: Tensor,
    texts: Sequence[Sequence[int] | Tensor],
    sampling: Sampling,
    generator: torch.Generator | None = None,
    max_codes: int | None = None,
) -> Decoded:
    """Say texts (ids without START and STOP) with latents [1 or len(texts), num_latents, dim].

    At most `max_codes` tokens are made of each, the stop code included, and never more than
    upstream makes. Rows say what they would say alone, but for what the one `generator` (on the
    GPT's device) draws for them: the same seed repeats a batch, not a row of another batch. The
    GPT must be in evaluation mode.
    """
    assert not gpt.training, "dropout would change the speech"
    assert max(map(len, texts)) <= gpt.settings.max_text_tokens, "the caller sees to it"
    limit = gpt.settings.max_spoken
    limit = limit if max_codes is None else min(max_codes, limit)
    with torch.inference_mode():
        prompts = [
            gpt.prompt(voice[None], torch.as_tensor(text, dtype=torch.long, device=voice.device))
            for voice, text in zip(latents.expand(len(texts), -1, -1), texts, strict=True)
        ]
        said = _say(gpt, prompts, sampling, generator, limit)
    return _decoded(said.clone(), gpt.settings.stop_audio_token)  # a clone may be learned from


def _say(
    gpt: XttsGpt,
    prompts: list[Tensor],
    sampling: Sampling,
    generator: torch.Generator | None,
    limit: int,
) -> Tensor:
    """What follows prompts [1, length, dim]: codes [B, up to `limit`], after a row's stop more."""
    start, stop = gpt.settings.start_audio_token, gpt.settings.stop_audio_token
    batch, going_on = len(prompts), GoingOn(gpt, prompts, limit)
    said = torch.full((batch, limit + 1), stop, device=prompts[0].device)
    said[:, 0] = start
    used = said.new_zeros(batch, gpt.settings.num_audio_tokens, dtype=torch.bool)
    used[:, [_PLACEHOLDER, start]] = True
    alive = said.new_ones(batch, dtype=torch.bool)
    for step in range(1, limit + 1):
        scores = going_on.next_scores(said[:, step - 1 : step])
        chosen = choose(scores, used, sampling, generator)
        said[:, step] = torch.where(alive, chosen, stop)
        alive &= chosen != stop
        if not alive.any():
            break
        used.scatter_(1, chosen[:, None], value=True)
    return said[:, 1:]


class GoingOn:
    """Prompts [1, length, dim] that codes follow one by one; what was computed before is kept."""

    def __init__(self, gpt: XttsGpt, prompts: list[Tensor], limit: int) -> None:
        self._gpt, self._num_codes = gpt, 0
        self._prompt, self._visible = _side_by_side(prompts, limit)
        self._seen = gpt.gpt.memory(self._prompt.shape[1] + limit)

    def next_scores(self, codes: Tensor) -> Tensor:
        """Scores [B, num_audio_tokens] of what follows the next codes [B, 1], START the first."""
        x = self._gpt.spoken(codes, self._num_codes)
        if self._num_codes == 0:
            x = torch.cat([self._prompt, x], dim=1)
        self._num_codes += 1
        end = self._prompt.shape[1] + self._num_codes
        mask = None if self._visible is None else self._visible[:, :, end - x.shape[1] : end, :end]
        return self._gpt.next_scores(self._gpt.gpt(x, self._seen, mask)[:, -1])


def choose(
    scores: Tensor, used: Tensor, sampling: Sampling, generator: torch.Generator | None
) -> Tensor:
    """The next code of each row, int64 [B], from scores [B, codes] and which were said before.

    `used` is boolean, [B, codes]. Of codes that tie for the last place of the top k, upstream
    keeps all and this one.
    """
    if sampling.repetition_penalty != 1.0:
        penalty = sampling.repetition_penalty
        lowered = torch.where(scores < 0, scores * penalty, scores / penalty)
        scores = torch.where(used, lowered, scores)
    if sampling.greedy:
        return scores.argmax(-1)
    scores = scores / sampling.temperature
    likely, codes = scores.topk(min(sampling.top_k or scores.shape[1], scores.shape[1]))
    shares = likely.softmax(-1)
    # Left out is what, with all that is less likely, has no more than the rest of probability.
    left_out = shares.flip(-1).cumsum(-1).flip(-1) <= 1 - sampling.top_p
    left_out[:, 0] = False
    # Of clocks that ring at these rates, each is the first as often as its share says.
    waiting = torch.empty_like(shares).exponential_(generator=generator)
    drawn = (shares.masked_fill(left_out, 0.0) / waiting).argmax(-1, keepdim=True)
    return codes.gather(1, drawn)[:, 0]


def _side_by_side(prompts: list[Tensor], num_more: int) -> tuple[Tensor, Tensor | None]:
    """Prompts [1, length, dim] that end together, [B, longest, dim], and which positions each sees.

    The second is boolean, [B, 1, all, all] over the prompt and `num_more` positions; None where no
    prompt is shorter than another, so that causality says it all.
    """
    lengths = [prompt.shape[1] for prompt in prompts]
    longest = max(lengths)
    aligned = torch.cat([F.pad(p, (0, 0, longest - p.shape[1], 0)) for p in prompts])
    if min(lengths) == longest:
        return aligned, None
    places = torch.arange(longest + num_more, device=aligned.device)
    first = longest - torch.tensor(lengths, device=aligned.device)
    real = places >= first[:, None, None, None]
    causal = places <= places[:, None]
    # Padding sees itself: attention to nothing has no value.
    return aligned, causal & real | (places == places[:, None])


def _decoded(said: Tensor, stop: int) -> Decoded:
    """Rows [B, tokens], filled up with the stop code, as what was said before the first."""
    counts = (said != stop).sum(1).tolist()
    rows = [row[:count] for row, count in zip(said, counts, strict=True)]
    return Decoded(rows, [count < said.shape[1] for count in counts])
