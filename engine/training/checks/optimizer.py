"""Whether the settings of an optimizer are such as others have trained with: warnings."""

from collections.abc import Iterator, Mapping

from engine.recipe.optimizers import Optimizer
from engine.training.checks.check import Check

_MOST_CLIPPED = 1_000.0
"""Norm of a gradient over the norm that it is clipped to."""
_FIRST_BETA, _SECOND_BETA = (0.0, 0.98), (0.5, 0.9999)
_MOST_EPSILON, _MOST_DECAY = 1e-4, 1.0
"""Adam's own are 1e-8 (Kingma and Ba, 2015) and, decoupled, 1e-2; language models decay by 0.1."""


def settings_checks(tables: Mapping[str, Optimizer]) -> Iterator[Check]:
    """Betas, epsilon and decay of each turn's optimizer."""
    for turn, table in tables.items():
        first, second = table.betas
        faults = [
            (not _FIRST_BETA[0] <= first <= _FIRST_BETA[1], _unusual("the first beta", first)),
            (not _SECOND_BETA[0] <= second <= _SECOND_BETA[1], _unusual("the second beta", second)),
            (first > second, f"the betas {first:g} and {second:g} seem to be swapped"),
            (
                table.epsilon > _MOST_EPSILON,
                f"epsilon {table.epsilon:g} is larger than most gradients, so that small ones move "
                "the weights less (1e-8 is usual)",
            ),
            (
                table.weight_decay > _MOST_DECAY,
                f"weight_decay {table.weight_decay:g} pulls weights to zero (0.01 to 0.1 is usual)",
            ),
        ]
        wrong = "; ".join(said for is_fault, said in faults if is_fault)
        said = f"betas {first:g} and {second:g}, epsilon {table.epsilon:g}, weight_decay "
        said += f"{table.weight_decay:g}"
        yield Check(f"optimizer of {turn}", not wrong, wrong or said, "warn")


def clipping_checks(tables: Mapping[str, Optimizer], first: Mapping[str, float]) -> Iterator[Check]:
    """How strongly gradients are clipped, by the metrics of a first step."""
    for turn, table in tables.items():
        norm, limit = first.get(f"train/gradient_norm/{turn}"), table.clip_gradient_norm
        if limit is None or norm is None:
            continue
        said = f"a gradient of norm {norm:.3g} is clipped to {min(norm, limit):.3g}"
        ok = norm <= _MOST_CLIPPED * limit
        if not ok:
            said += f": clip_gradient_norm = {limit:g} leaves less than a thousandth of it"
        yield Check(f"clipping of gradients of {turn}", ok, said, "warn")


def _unusual(name: str, value: float) -> str:
    return f"{name} is {value:g} (0.5 to 0.98 and 0.9 to 0.9999 are usual)"
