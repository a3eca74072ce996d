"""Cross-entropies of predictions as sums over each clip, for the means of the metrics."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from engine.systems.codec_lm.sequence.delay import IGNORED

MOST_LOGITS = 2**25
"""Largest number of logits held at once, 128 MiB in fp32: more positions go through in parts."""


class PerClip(NamedTuple):
    """Cross-entropies of each of B clips, as sums over its labels in each of K codebooks.

    Two conventions are in use. Higgs Audio's own code weighs each codebook by 1 / K, as `audio_ce`
    does; transformers sums over the codebooks, which weighs them K times as much against the text.
    """

    audio_nats: Tensor
    """Cross-entropy of audio labels, ends of stream included, [B, K]."""
    audio_correct: Tensor
    """Number of audio labels that had the highest probability, [B, K]."""
    num_audio: Tensor
    """Number of audio labels, [B, K]."""
    end_nats: Tensor
    """The part of `audio_nats` that is the ends of stream's, [B, K]: one label in each codebook."""
    text_nats: Tensor
    """Cross-entropy of text labels, [B]."""
    text_correct: Tensor
    """Number of text labels that had the highest probability, [B]."""
    num_text: Tensor
    """Number of text labels, [B]."""

    @property
    def audio_ce(self) -> Tensor:
        """Mean over the labels of all clips and codebooks, nats, [].

        Every codebook has as many, so that it is the mean over the codebooks of their means too.
        """
        return self.audio_nats.sum() / self.num_audio.sum()

    @property
    def text_ce(self) -> Tensor:
        """Mean over the text labels of all clips, nats, []."""
        return self.text_nats.sum() / self.num_text.sum()


def nats_and_correct(
    head: nn.Module, states: Tensor, labels: Tensor, num_entries: int
) -> tuple[Tensor, Tensor]:
    """Cross-entropy of labels [n, K], 0 where IGNORED, and hits of the argmax, fp32 [n, K] each.

    `head` makes K * num_entries logits of each of the states [n, dim]. Where these are many, they
    are made in parts, and again in backward, so that memory stays bounded.
    """
    at_once = max(1, MOST_LOGITS // (labels.shape[1] * num_entries))
    if len(labels) <= at_once:
        return _nats_and_correct(head, states, labels, num_entries)
    parts = [
        checkpoint(_nats_and_correct, head, some, their, num_entries, use_reentrant=False)
        for some, their in zip(
            torch.split(states, at_once), torch.split(labels, at_once), strict=True
        )
    ]
    nats, correct = zip(*parts, strict=True)
    return torch.cat(nats), torch.cat(correct)


def by_clip(values: Tensor, clips: Tensor, num_clips: int) -> Tensor:
    """Sums [num_clips, ...] of values [n, ...] over the entries of each clip."""
    return values.new_zeros(num_clips, *values.shape[1:]).index_add(0, clips, values)


def _nats_and_correct(
    head: nn.Module, states: Tensor, labels: Tensor, num_entries: int
) -> tuple[Tensor, Tensor]:
    logits = head(states).view(-1, num_entries)
    targets = labels.flatten()
    nats = F.cross_entropy(logits.float(), targets, ignore_index=IGNORED, reduction="none")
    correct = (logits.detach().argmax(-1) == targets).float()
    return nats.view_as(labels), correct.view_as(labels)
