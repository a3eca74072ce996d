"""Which clips are trained on and which are held out for evaluation."""

from engine.split.select import choose_clips
from engine.split.split_clips import Split

__all__ = ["Split", "choose_clips"]
