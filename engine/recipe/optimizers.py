"""The tables of optimizers and learning rate schedules, one for each turn of a system."""

from collections.abc import Iterable
from typing import ClassVar, Literal

from attrs import frozen

from engine.recipe.fields import above, ascending, at_least, not_empty, setting, within


def _betas(value: tuple[float, float]) -> str | None:
    return None if all(0 <= beta < 1 for beta in value) else "must lie in [0, 1)"


def milestones(value: tuple[int, ...]) -> str | None:
    """A check: ascending moments, the first at least 1."""
    return not_empty(value) or at_least(1)(value[0]) or ascending(value)


@frozen(kw_only=True)
class Adam:
    """Adam (Kingma and Ba, 2015), torch.optim.Adam."""

    kind: ClassVar[str] = "adam"
    learning_rate: float = setting("peak learning rate", check=above(0.0))
    betas: tuple[float, float] = setting(
        "decay rates of the two moments", default=(0.9, 0.999), check=_betas
    )
    epsilon: float = setting("added to the denominator", default=1e-8, check=above(0.0))
    weight_decay: float = setting("L2 penalty", default=0.0, check=at_least(0.0))
    clip_gradient_norm: float | None = setting(
        "largest allowed norm of this turn's gradient", default=None, check=above(0.0)
    )


@frozen(kw_only=True)
class AdamW:
    """AdamW (Loshchilov and Hutter, 2019), torch.optim.AdamW."""

    kind: ClassVar[str] = "adamw"
    learning_rate: float = setting("peak learning rate", check=above(0.0))
    betas: tuple[float, float] = setting(
        "decay rates of the two moments", default=(0.9, 0.999), check=_betas
    )
    epsilon: float = setting("added to the denominator", default=1e-8, check=above(0.0))
    weight_decay: float = setting("decoupled weight decay", default=0.01, check=at_least(0.0))
    decays: Literal["everything", "weights"] = setting(
        "which parameters decay: all, or all except biases, norms and embeddings",
        default="everything",
    )
    clip_gradient_norm: float | None = setting(
        "largest allowed norm of this turn's gradient", default=None, check=above(0.0)
    )


@frozen(kw_only=True)
class AdamW8bit(AdamW):
    """AdamW with moments of a byte each (Dettmers et al., 2022), by torchao (`cantus[8bit]`)."""

    kind: ClassVar[str] = "adamw_8bit"


Optimizer = Adam | AdamW | AdamW8bit


@frozen(kw_only=True)
class _WarmUp:
    """A linear warm-up over n steps: step k has k / n of the peak."""

    warmup_steps: int = setting("steps of linear warm-up", default=0, check=at_least(0))
    warmup_share: float | None = setting(
        "or the warm-up's share of all steps of the run", default=None, check=within(0.0, 1.0)
    )

    def cross_checks(self) -> Iterable[tuple[str, str]]:
        """Faults: both keys are given."""
        if self.warmup_steps and self.warmup_share is not None:
            yield "warmup_share", "give one of warmup_steps, warmup_share"


@frozen(kw_only=True)
class Constant(_WarmUp):
    """The peak learning rate throughout, after an optional linear warm-up."""

    kind: ClassVar[str] = "constant"


@frozen(kw_only=True)
class Cosine(_WarmUp):
    """Linear warm-up, then half a cosine down to `final_share` of the peak at the last step."""

    kind: ClassVar[str] = "cosine"
    final_share: float = setting(
        "share of the peak at the last step", default=0.0, check=within(0.0, 1.0)
    )


@frozen(kw_only=True)
class Exponential(_WarmUp):
    """The rate is multiplied by `gamma` after every step or epoch that follows the warm-up."""

    kind: ClassVar[str] = "exponential"
    gamma: float = setting("factor", check=within(0.0, 1.0))
    every: Literal["step", "epoch"] = setting("when the factor applies", default="step")


@frozen(kw_only=True)
class MultiStep(_WarmUp):
    """The rate is multiplied by `gamma` at each of the milestones."""

    kind: ClassVar[str] = "multi_step"
    milestones: tuple[int, ...] = setting("steps at which the rate drops", check=milestones)
    gamma: float = setting("factor", default=0.5, check=within(0.0, 1.0))


Schedule = Constant | Cosine | Exponential | MultiStep
