"""Lightning's trainer, with the checks that its documentation has.

The sanity check of validation before step 1, anomaly detection, gradient clipping, early stopping
that ends a run whose metric is not finite or stops improving, and spike detection of the loss.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from lightning.pytorch.callbacks.spike import SpikeDetection
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from benchmarks.mutants.rivals.notices import Notices
from benchmarks.mutants.rivals.setting import Setting
from engine.training.system import Batch

_PATIENCE = 3
"""Evaluations without an improvement after which early stopping ends a run, its default."""
_WINDOW = 10


class Batches(IterableDataset[Batch]):
    """The batches of a setting; validation has one, since a metric is over the whole set."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting

    def __iter__(self) -> Iterator[Batch]:
        return iter(self._setting.batches())


class Module(lightning.LightningModule):
    """The turns as manual optimization where there are two, as automatic where there is one."""

    def __init__(self, setting: Setting) -> None:
        super().__init__()
        self.setting = setting
        self.trained = setting.system.module
        self.automatic_optimization = len(setting.system.turns) == 1

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """One step: Lightning's automatic optimization, or a turn after the other."""
        self.trained.begin(self.setting.step)
        prepared = self.trained.prepare(batch)
        if self.automatic_optimization:
            return self.setting.loss(self.setting.system.turns[0], prepared)
        optimizers, losses = self.optimizers(), []
        schedules = self.lr_schedulers()
        assert isinstance(optimizers, list)
        assert isinstance(schedules, list)
        for place, turn in self.setting.due_turns():
            self.toggle_optimizer(optimizers[place])
            loss = self.setting.loss(turn, prepared)
            optimizers[place].zero_grad()
            self.manual_backward(loss)
            limit = self.setting.clip_limit(turn)
            self.clip_gradients(optimizers[place].optimizer, limit, "norm")
            optimizers[place].step()
            self.untoggle_optimizer(optimizers[place])
            schedules[place].step()  # type: ignore[call-arg]
            losses.append(loss.detach())
        return torch.stack(losses).sum()

    def on_train_batch_end(self, *_: Any) -> None:
        """Codebooks move after the optimizer's step."""
        self.setting.finish_step()

    def validation_step(self, *_: Any) -> None:
        """The metric of the whole evaluation set."""
        name, _mode = self.setting.monitored
        self.log("monitored", float(self.setting.evaluate()[name]), batch_size=1)

    def configure_optimizers(self) -> Any:
        """An optimizer and a schedule for each turn."""
        optimizers = self.setting.optimizers()
        turns = self.setting.system.turns
        pairs = zip(turns, optimizers, strict=True)
        schedules = [
            {"scheduler": self.setting.schedule(turn, optimizer), "interval": "step"}
            for turn, optimizer in pairs
        ]
        return optimizers, schedules


def train(setting: Setting, notices: Notices, folder: Path) -> None:
    """Train to the end, or until Lightning stops."""
    _, mode = setting.monitored
    early = EarlyStopping("monitored", mode=mode, patience=_PATIENCE, check_finite=True)
    one_turn = len(setting.system.turns) == 1
    trainer = lightning.Trainer(
        accelerator="cpu",
        default_root_dir=folder,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        max_steps=setting.num_steps * len(setting.system.turns),
        val_check_interval=setting.evaluate_every,
        num_sanity_val_steps=2,
        detect_anomaly=True,
        gradient_clip_val=setting.clip_limit(setting.system.turns[0]) if one_turn else None,
        callbacks=[
            early,
            SpikeDetection(window=_WINDOW, warmup=_WINDOW, exclude_batches_path=folder / "s.json"),
            ModelCheckpoint(folder, monitor="monitored", mode=mode),
        ],
    )
    batches: DataLoader[Batch] = DataLoader(Batches(setting), batch_size=None)
    whole = DataLoader([math.nan], batch_size=None)  # type: ignore[arg-type,var-annotated]
    trainer.fit(Module(setting), batches, whole)
    if early.stopped_epoch or early.stopping_reason_message:
        notices.add("stop", str(early.stopping_reason_message))
