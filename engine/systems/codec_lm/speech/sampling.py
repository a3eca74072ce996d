"""How entries of codebooks are drawn: row by row with generators of their own.

`generate` of transformers draws with torch's one generator, so that what a row gets depends on the
rows beside it. Here each row has its own, and the highest score after Gumbel noise is the drawn
entry (Gumbel, 1954; Maddison et al., 2014): the distribution is the same.
"""

from collections.abc import Sequence
from typing import Any

import torch
from attrs import frozen
from torch import Tensor
from transformers import (
    GenerationConfig,
    HiggsAudioV2Config,
    InfNanRemoveLogitsProcessor,
    LogitsProcessor,
    LogitsProcessorList,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from engine.systems.codec_lm.recipe import Speech


@frozen(kw_only=True)
class Sampling:
    """How the next entry of each codebook is chosen."""

    temperature: float = 1.0
    """Low ones lead to silence without an end (higgs-audio issue #151)."""
    top_k: int = 50
    """Number of most likely entries that are sampled from; 0: all."""
    top_p: float = 0.95
    """Probability that the most likely entries must reach together (nucleus sampling)."""
    greedy: bool = False
    """Whether the most likely entry is always taken, whatever the settings above are."""
    ras_window: int = 0
    """Repetition-aware sampling (Chen et al., 2024, VALL-E 2): an entry that its codebook had
    `ras_repeats` times in the last so many columns is drawn again from all; 0: off."""
    ras_repeats: int = 2

    @property
    def is_rowwise(self) -> bool:
        """Whether no row's draws depend on the rows beside it.

        What repetition-aware sampling draws again, transformers draws with torch's one generator.
        """
        return self.ras_window == 0


def sampling_of(table: Speech) -> Sampling:
    """The sampling of a recipe's [speech]."""
    return Sampling(
        temperature=table.temperature,
        top_k=table.top_k,
        top_p=table.top_p,
        ras_window=table.ras_window,
        ras_repeats=table.ras_repeats,
    )


def processors(
    sampling: Sampling, num_codebooks: int, generators: Sequence[torch.Generator]
) -> LogitsProcessorList:
    """What changes the scores [rows * K, V + 2] so that the highest is the chosen entry."""
    if sampling.greedy:
        return LogitsProcessorList()
    chain: list[LogitsProcessor] = [TemperatureLogitsWarper(sampling.temperature)]
    if sampling.top_k:
        chain.append(TopKLogitsWarper(sampling.top_k))
    if sampling.top_p < 1.0:
        chain.append(TopPLogitsWarper(sampling.top_p))
    return LogitsProcessorList([*chain, GumbelNoise(num_codebooks, generators)])


class GumbelNoise(InfNanRemoveLogitsProcessor):  # of a kind that the model's `generate` accepts
    """Adds Gumbel noise to scores, of each row by its own generator (on the CPU)."""

    def __init__(self, num_codebooks: int, generators: Sequence[torch.Generator]) -> None:
        self.num_codebooks, self.generators = num_codebooks, generators

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:  # noqa: ARG002
        """Scores [rows * K, V + 2] with noise; -inf stays so."""
        size = self.num_codebooks, scores.shape[-1]
        waiting = [torch.empty(size).exponential_(generator=one) for one in self.generators]
        return scores - torch.cat(waiting).log().to(scores.device)


def generation_config(
    model_config: HiggsAudioV2Config, sampling: Sampling, max_frames: int
) -> GenerationConfig:
    """For the model's `generate` with `processors`: the highest score is taken."""
    settings = {
        "do_sample": False,
        "max_new_tokens": max_frames + model_config.num_codebooks + 1,
        "eos_token_id": model_config.eos_token_id,
        "pad_token_id": model_config.pad_token_id,
    }
    return GenerationConfig.from_dict(settings | _of_repetitions(sampling))


def exported_settings(sampling: Sampling, max_frames: int, num_codebooks: int) -> dict[str, Any]:
    """The sampling by `generate` alone, as entries of an exported generation_config.json."""
    return {
        "do_sample": True,
        "temperature": sampling.temperature,
        "top_k": sampling.top_k,
        "top_p": sampling.top_p,
        "max_new_tokens": max_frames + num_codebooks + 1,
        **_of_repetitions(sampling),
    }


def _of_repetitions(sampling: Sampling) -> dict[str, Any]:
    if not sampling.ras_window:
        return {}
    return {
        "ras_win_len": sampling.ras_window,
        "ras_win_max_num_repeat": sampling.ras_repeats,
    }
