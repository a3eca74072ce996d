"""One training set-up that every trainer gets: networks, batches, optimizers and an evaluation.

Networks, clips, losses and evaluation are those of a Cantus system, so that the same faults can be
planted in them. Everything else is the trainer's own.
"""

from collections.abc import Iterator

import numpy as np
import torch
from attrs import define
from torch import Tensor
from torch.optim.lr_scheduler import LambdaLR

from engine.nn.follower import Follower
from engine.recipe.optimizers import Constant
from engine.recipe.schema import Recipe
from engine.training.optimizers import build_optimizer
from engine.training.order import Order
from engine.training.schedules import Length, learning_rate
from engine.training.system import Batch, System, Turn


@define
class Setting:
    """A system about to be trained by somebody else's trainer."""

    system: System
    recipe: Recipe
    seed: int
    step: int = 0
    """Finished steps."""

    @property
    def num_steps(self) -> int:
        """Steps of the run."""
        assert self.recipe.training.steps is not None, "campaigns count steps"
        return self.recipe.training.steps

    @property
    def evaluate_every(self) -> int:
        """Steps between evaluations: so few that a trainer's patience of three can run out."""
        return max(1, self.num_steps // 6)

    @property
    def monitored(self) -> tuple[str, str]:
        """The metric that chooses the best weights, and `min` or `max`."""
        training = self.recipe.training
        return training.best, "max" if training.best_is == "highest" else "min"

    def batches(self) -> Iterator[Batch]:
        """The batches of every step, as the engine draws them."""
        clips = self.system.train_clips
        order = Order(clips.lengths, self.recipe.training.batch_size, self.seed)
        for step, indices in order.steps(0):
            if step == self.num_steps:
                return
            yield clips.batch(indices.tolist(), np.random.default_rng([self.seed, step]))

    def optimizers(self) -> list[torch.optim.Optimizer]:
        """An optimizer for each turn."""
        tables = self.recipe.optimizer
        return [build_optimizer(tables[one.name], one.parameters) for one in self.system.turns]

    def schedule(self, turn: Turn, optimizer: torch.optim.Optimizer) -> LambdaLR:
        """The recipe's schedule as torch's."""
        table = self.recipe.schedule.get(turn.name, Constant())
        length = Length(self.num_steps, max(1, self.num_steps // 4))
        return LambdaLR(optimizer, lambda step: learning_rate(1.0, table, step, length))

    def clip_limit(self, turn: Turn) -> float | None:
        """The largest gradient norm of a turn, where the recipe clips."""
        limit: float | None = self.recipe.optimizer[turn.name].clip_gradient_norm
        return limit

    def loss(self, turn: Turn, prepared: Batch) -> Tensor:
        """The weighted sum of a turn's loss terms, as one writes it: a missing one is KeyError."""
        terms = getattr(self.system.module, turn.name)(prepared).losses
        weights = turn.weights_at(self.step)
        return torch.stack([weight * terms[name] for name, weight in weights.items()]).sum()

    def due_turns(self) -> list[tuple[int, Turn]]:
        """The turns of the step, each with its place."""
        turns = enumerate(self.system.turns)
        return [(place, turn) for place, turn in turns if turn.is_due(self.step)]

    @torch.no_grad()
    def finish_step(self) -> None:
        """Move codebooks that follow their batches, and count the step."""
        module = self.system.module
        for path, one in module.named_modules():
            if isinstance(one, Follower):
                one.noted()
                for name, value in one.move().items():
                    module.get_parameter(f"{path}.{name}").copy_(value)
        self.step += 1

    def evaluate(self) -> dict[str, float]:
        """The metrics of the present weights."""
        module = self.system.module
        module.eval()
        try:
            return dict(self.system.evaluate().metrics)
        finally:
            module.train()
