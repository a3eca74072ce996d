"""Why weights do not fit a network, in words."""

from collections.abc import Callable, Mapping, Sequence

from attrs import frozen
from torch import Tensor, nn

from engine.errors import RefusedValuesError, UserError

_NAMED = 3
Tensors = Mapping[str, Tensor]
Reason = Callable[[Tensors, Tensors], str | None]
"""A function from a network's tensors and given ones to the likely reason they differ, or None."""


@frozen
class Differences:
    """Tensors by which a network and given weights differ, by name."""

    missing: Sequence[str]
    """Tensors of the network that the weights lack."""
    left_over: Sequence[str]
    """Tensors among the weights that the network lacks."""
    other_shape: Mapping[str, tuple[Sequence[int], Sequence[int]]]
    """Tensors with other shapes: the network's and the given one."""
    num_own: int
    """Tensors of the network."""
    reasons: Sequence[str]
    """Sentences on the likely cause, and what to do."""

    def __bool__(self) -> bool:
        """Whether there are any differences."""
        return bool(self.missing or self.left_over or self.other_shape)

    def __str__(self) -> str:
        """How many differ, the first of them by name, and the reasons."""
        shapes = [
            f"{name} {list(given)} instead of {list(own)}"
            for name, (own, given) in self.other_shape.items()
        ]
        kinds = {"missing": self.missing, "too many": self.left_over, "of another shape": shapes}
        parts = [f"{len(said)} {kind} ({_some(said)})" for kind, said in kinds.items() if said]
        num_wrong = len(self.missing) + len(shapes)
        return " ".join(
            [
                f"{num_wrong} of {self.num_own} tensors do not fit: {'; '.join(parts)}.",
                *self.reasons,
            ]
        )


def differences(own: Tensors, given: Tensors, reasons: Sequence[Reason] = ()) -> Differences:
    """Compare a network's state dict with the weights that it is to have; values do not count."""
    shared = own.keys() & given.keys()
    return Differences(
        missing=[name for name in own if name not in given],
        left_over=[name for name in given if name not in own],
        other_shape={
            name: (tuple(own[name].shape), tuple(given[name].shape))
            for name in own
            if name in shared and own[name].shape != given[name].shape
        },
        num_own=len(own),
        reasons=[said for reason in reasons if (said := reason(own, given))],
    )


def load_strictly(
    network: nn.Module, given: Tensors, source: object, reasons: Sequence[Reason] = ()
) -> None:
    """Give a network exactly these weights, which come from `source` (a file, say).

    Raises UserError, with nothing loaded, where names or shapes differ or a value is not finite.
    """
    if found := differences(network.state_dict(), given, reasons):
        raise RefusedValuesError(f"{source} does not fit this model: {found}")
    broken = [name for name, value in given.items() if not bool(value.isfinite().all())]
    if broken:
        raise UserError(f"{source} is damaged: NaN or infinity in {_some(broken)}.")
    network.load_state_dict(dict(given), strict=True)


def _some(said: Sequence[str]) -> str:
    more = len(said) - _NAMED
    return ", ".join(said[:_NAMED]) + (f" and {more} more" if more > 0 else "")
