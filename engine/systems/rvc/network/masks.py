"""Which frames of a batch are a clip's own, and pieces cut out of a batch."""

import torch
from torch import Tensor


def frame_mask(lengths: Tensor, num_frames: int) -> Tensor:
    """1.0 in the frames of each clip, 0.0 behind them: lengths [B] to [B, 1, num_frames]."""
    frames = torch.arange(num_frames, device=lengths.device)
    return (frames < lengths[:, None])[:, None].float()


def crop(x: Tensor, starts: Tensor, length: int) -> Tensor:
    """`length` values along the last dimension of x [B, ..., T], from `starts` [B] on."""
    places = starts[:, None] + torch.arange(length, device=x.device)
    shape = (len(x), *(1,) * (x.dim() - 2), length)
    return x.gather(-1, places.view(shape).expand(*x.shape[:-1], length))
