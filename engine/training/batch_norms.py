"""Batch norms' running statistics: updated once a step, whatever number of parts it has."""

from collections.abc import Sequence

from torch import Tensor, nn

from engine.training.shares import Share

_KINDS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class BatchNorms:
    """Every batch norm of a module whose statistics are moving averages.

    In training a norm still normalizes each part with that part's statistics.
    """

    def __init__(self, module: nn.Module) -> None:
        norms = [norm for norm in module.modules() if isinstance(norm, _KINDS)]
        self._norms = [(norm, norm.momentum) for norm in norms if norm.momentum is not None]

    def expect(self, shares: Sequence[Share], part: int) -> None:
        """Weigh the statistics of one part of a step by its share of this process's clips.

        With the momentum m of the whole, each part moves by m times its share, over what the parts
        behind it leave: the averages then end at (1 - m) old + m (mean over parts).
        """
        total = sum(share.clips for share in shares)
        behind = sum(share.clips for share in shares[part + 1 :]) / total
        for norm, momentum in self._norms:
            norm.momentum = momentum * (shares[part].clips / total) / (1.0 - momentum * behind)

    def averages(self) -> list[Tensor]:
        """The running statistics, for processes to take the mean of."""
        both = [(norm.running_mean, norm.running_var) for norm, _ in self._norms]
        return [tensor for pair in both for tensor in pair if tensor is not None]
