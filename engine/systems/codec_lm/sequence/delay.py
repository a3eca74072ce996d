"""The delay pattern: codebook k of a clip stands k columns later (Copet et al., 2023, MusicGen).

A clip of T frames is [BOS, codes, EOS] in each codebook. Delayed, these are T + K + 1 columns for
K codebooks; what the delay leaves open is BOS before and EOS after. In one column, a codebook is so
predicted after all codebooks before it of the same frame, and all can be sampled at once.
"""

import torch
from torch import Tensor

IGNORED = -100
"""The label of entries without a loss, as torch's cross-entropy has it."""


def delayed(codes: Tensor, bos: int, eos: int) -> Tensor:
    """Columns int64 [T + K + 1, K] of codes [T, K]."""
    begin, end = (codes.new_full((1, codes.shape[1]), entry) for entry in (bos, eos))
    framed = torch.cat([begin, codes, end]).long()
    return framed.gather(0, _places(codes).clamp(0, len(codes) + 1))


def delayed_labels(codes: Tensor, eos: int) -> Tensor:
    """Labels int64 [T + K + 1, K] of `delayed(codes)`: each column's own entries.

    The codes and one end of stream in each codebook are labels, K * (T + 1) entries; BOS and the
    entries that fill the delay are IGNORED.
    """
    places, columns = _places(codes), delayed(codes, IGNORED, eos)
    return columns.where(places <= len(codes) + 1, IGNORED)


def undelayed(columns: Tensor) -> Tensor:
    """The codes [T, K] of columns [T + K + 1, K], whatever entries stand there.

    Raises ValueError where there are fewer columns than a clip of no frames has.
    """
    num_columns, num_codebooks = columns.shape
    num_frames = num_columns - num_codebooks - 1
    if num_frames < 0:
        raise ValueError(f"{num_columns} columns are too few for {num_codebooks} codebooks")
    frames = torch.arange(num_frames, device=columns.device)[:, None]
    return columns.gather(0, frames + 1 + torch.arange(num_codebooks, device=columns.device))


def _places(codes: Tensor) -> Tensor:
    """Where in [BOS, codes, EOS] each entry of the columns lies: below 0 and above T + 1: fill."""
    num_frames, num_codebooks = codes.shape
    columns = torch.arange(num_frames + num_codebooks + 1, device=codes.device)[:, None]
    return columns - torch.arange(num_codebooks, device=codes.device)
