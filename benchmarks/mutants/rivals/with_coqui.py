"""Coqui's trainer, with its own checks: an evaluation before step 1, and clipped gradients."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, IterableDataset
from trainer import Trainer, TrainerArgs, TrainerConfig, TrainerModel
from trainer.logging import DummyLogger

from benchmarks.mutants.rivals.notices import Notices
from benchmarks.mutants.rivals.setting import Setting
from engine.training.system import Batch


class Batches(IterableDataset[Batch]):
    """The batches of a setting, with their number, which the trainer asks for."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting

    def __iter__(self) -> Iterator[Batch]:
        return iter(self._setting.batches())

    def __len__(self) -> int:
        return self._setting.num_steps


class Model(TrainerModel):
    """The turns as Coqui's trainer has them: one call of `train_step` for each optimizer."""

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.setting = setting
        self.trained = setting.system.module
        self._prepared: Batch = {}

    def forward(self, *_: Any, **__: Any) -> dict[str, Any]:
        """Not used: turns compute what they need."""
        return {}

    @staticmethod
    def init_from_config(config: Any) -> "Model":
        """Not used: a setting makes the model."""
        raise NotImplementedError

    def inference(self, *_: Any, **__: Any) -> dict[str, Any]:
        """Not used."""
        return {}

    def load_checkpoint(self, *_: Any, **__: Any) -> None:
        """Not used."""

    def train_step(
        self, batch: Any, _: nn.Module, optimizer_idx: int | None = None
    ) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        """The loss of a turn; nothing where the turn is not due."""
        place = optimizer_idx or 0
        turn = self.setting.system.turns[place]
        if place == 0:
            self.trained.begin(self.setting.step)
            self._prepared = self.trained.prepare(batch)
        if not turn.is_due(self.setting.step):
            return {}, {}
        return {"model_outputs": 0}, {"loss": self.setting.loss(turn, self._prepared)}

    def eval_step(self, *_: Any) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
        """The metric over the whole evaluation set, signed so that less is better."""
        name, mode = self.setting.monitored
        value = self.setting.evaluate()[name]
        self.trained.eval()
        return {"model_outputs": 0}, {"loss": torch.tensor(-value if mode == "max" else value)}

    def on_train_step_end(self, *_: Any) -> None:
        """Codebooks move after the optimizers' steps."""
        self.setting.finish_step()

    def get_optimizer(self) -> list[torch.optim.Optimizer]:
        """An optimizer for each turn."""
        return self.setting.optimizers()

    def get_scheduler(self, optimizer: list[torch.optim.Optimizer]) -> list[Any]:
        """The recipe's schedules."""
        pairs = zip(self.setting.system.turns, optimizer, strict=True)
        return [self.setting.schedule(turn, one) for turn, one in pairs]

    def get_criterion(self) -> list[nn.Module]:
        """Losses are computed by the turns."""
        return [nn.Identity() for _ in self.setting.system.turns]

    def get_data_loader(self, *_: Any, **__: Any) -> DataLoader[Any]:
        """Loaders are given to the trainer."""
        raise NotImplementedError


def train(setting: Setting, notices: Notices, folder: Path) -> None:  # noqa: ARG001
    """Train to the end, or until the trainer stops."""
    limits = [setting.clip_limit(turn) or 0.0 for turn in setting.system.turns]
    config = TrainerConfig(
        output_path=str(folder),
        epochs=2,  # the first only evaluates
        run_eval_steps=setting.evaluate_every,
        grad_clip=limits if len(limits) > 1 else limits[0],
        scheduler_after_epoch=False,
        save_checkpoints=False,
        print_step=10,
        batch_size=setting.recipe.training.batch_size,
    )
    whole: DataLoader[Any] = DataLoader([{"all": torch.zeros(1)}], batch_size=None)  # type: ignore[arg-type]
    trainer = Trainer(
        TrainerArgs(start_with_eval=True),
        config,
        str(folder),
        model=Model(setting),
        train_loader=DataLoader(Batches(setting), batch_size=None),
        eval_loader=whole,
        dashboard_logger=DummyLogger(),
        parse_command_line_args=False,
    )
    trainer.fit()
