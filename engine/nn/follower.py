"""Modules whose state follows what they are fed, without a gradient: once in a step."""

from collections.abc import Mapping, Sequence

from torch import Tensor, nn


class Follower(nn.Module):
    """A module that notes in training mode what it is fed, and moves by all of it at once.

    A step may be fed in parts and in several processes. In all of them the module computes with
    the state that it had when the step began, and it then moves as if they had been one.
    """

    def noted(self) -> Sequence[Tensor]:
        """Sums over all that was fed since the last move: those of other processes are added."""
        raise NotImplementedError

    def move(self) -> Mapping[str, Tensor]:
        """Move the buffers by what was noted, and forget that.

        Parameters that move too are not touched, but given by name with their new values: where
        several processes train, the first's count.
        """
        raise NotImplementedError
