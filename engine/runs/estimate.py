"""An estimate of a run's time, memory and disk, from a few steps on its longest batch."""

import math
import resource
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import chain, cycle, islice, pairwise
from pathlib import Path

import numpy as np
import torch
from attrs import frozen

from engine.recipe.schema import Recipe
from engine.training.average import AverageWeights, average_weights
from engine.training.checkpoint import Checkpoint, write_checkpoint
from engine.training.clock import Clock
from engine.training.devices import Device
from engine.training.order import Order, longest_batch
from engine.training.rate_plan import RatePlan, rate_plans
from engine.training.step import Stepper
from engine.training.system import Batch, System, Turn

_WARM_STEPS, _TIMED_STEPS = 2, 5
_MUCH = 0.2
"""The share of a run's time above which judges are remarked on."""


@frozen
class RunEstimate:
    """Time, memory and disk of a run. Seconds are medians of a few steps on the longest batch.

    Of several processes one is measured, with its part of that batch: `step_seconds` lacks the
    exchange of gradients, and `peak_memory_bytes` is of one process.
    """

    parameters: int
    total_steps: int
    steps_per_epoch: int
    step_seconds: float
    evaluation_seconds: float
    judged_seconds: float
    """The part of `evaluation_seconds` in which clips are generated and judged."""
    num_judged: int
    """Clips that judges score at each evaluation."""
    num_evaluations: int
    peak_memory_bytes: int
    resumable_bytes: int
    weights_bytes: int
    disk_bytes: int
    free_disk_bytes: int
    rate_plans: list[RatePlan]
    """The learning rate of each turn over the run."""

    @property
    def epoch_seconds(self) -> float:
        """Training time of one epoch."""
        return self.step_seconds * self.steps_per_epoch

    @property
    def total_seconds(self) -> float:
        """Seconds of training and evaluations, without export and samples."""
        training = self.step_seconds * self.total_steps
        return training + self.evaluation_seconds * self.num_evaluations

    @property
    def has_disk(self) -> bool:
        """Whether the free disk holds the checkpoints."""
        return self.disk_bytes <= self.free_disk_bytes

    @property
    def remark_on_judges(self) -> str | None:
        """A sentence where judges take much of the run's time."""
        share = self.judged_seconds * self.num_evaluations / self.total_seconds
        if share < _MUCH:
            return None
        return (
            f"judges take {share:.0%} of this time: let judges score fewer clips, or evaluate less "
            "often"
        )


def estimate_run(
    device: Device, system: System, recipe: Recipe, root: Path, num_processes: int = 1
) -> RunEstimate:
    """Run a few steps and one evaluation with throw-away weights. Writes nothing that stays."""
    training, lengths = recipe.training, system.train_clips.lengths
    order = Order(lengths, training.batch_size, seed=0, world_size=num_processes)
    clock = Clock.of(training, order.steps_per_epoch)
    stepper = Stepper(device, system, recipe, clock.length)
    average = average_weights(system.module, system.turns, training.ema_decay)
    batch = _longest(system, recipe, num_processes)

    def do(step: int) -> None:
        stepper.step(batch, step)
        if average is not None:
            average.update()

    step_seconds = _mean_step_seconds(do, system.turns, clock.length.total_steps)
    resumable, weights = _sizes(system, stepper, average)
    started = time.perf_counter()
    system.module.eval()
    evaluated = system.evaluate()
    seconds, judged = time.perf_counter() - started, evaluated.judged
    kept = 0 if training.keep_every is None else clock.times_due(training.keep_every)
    return RunEstimate(
        parameters=sum(p.numel() for t in system.turns for p in t.parameters.values()),
        total_steps=clock.length.total_steps,
        steps_per_epoch=order.steps_per_epoch,
        step_seconds=step_seconds,
        evaluation_seconds=seconds,
        judged_seconds=judged.seconds if judged else 0.0,
        num_judged=len(judged.ids) if judged else 0,
        num_evaluations=1 + clock.num_evaluations(training),
        peak_memory_bytes=_peak_memory(device),
        resumable_bytes=resumable,
        weights_bytes=weights,
        disk_bytes=4 * resumable + 2 * (1 + bool(recipe.judged_metrics) + kept) * weights,
        free_disk_bytes=shutil.disk_usage(root).free,
        rate_plans=rate_plans(stepper, recipe, clock.length),
    )


def _longest(system: System, recipe: Recipe, num_processes: int) -> list[Batch]:
    """The longest batch; of several processes, the part of the one with its longest clip."""
    clips = longest_batch(system.train_clips.lengths, recipe.training.batch_size)
    clips = clips[::-num_processes]
    parts = np.array_split(clips, recipe.training.num_micro_batches)
    random = np.random.default_rng(0)
    return [system.train_clips.batch(part.tolist(), random) for part in parts if len(part)]


def _mean_step_seconds(do: Callable[[int], None], turns: Sequence[Turn], total: int) -> float:
    """Seconds of a step, mean over the run: late and rare turns make some longer than others."""
    alike = _alike(turns, total)
    seconds = [_time_steps(do, _first_of(steps)) for steps in alike]
    return float(np.average(seconds, weights=[sum(map(len, steps)) for steps in alike]))


def _alike(turns: Sequence[Turn], total: int) -> list[list[range]]:
    """Every step of the run, in groups in which the same turns and loss terms have a share."""
    late = [turn.starts_at_step for turn in turns]
    late += [start for turn in turns for start in turn.late_terms.values()]
    starts = sorted({0, *(start for start in late if start < total)})
    period = math.lcm(*(turn.every_steps for turn in turns))
    groups: dict[tuple[int, ...], list[range]] = {}
    for start, stop in pairwise([*starts, total]):
        for first in range(start, min(start + period, stop)):
            due = (number for number, turn in enumerate(turns) if turn.is_due(first))
            groups.setdefault((start, *due), []).append(range(first, stop, period))
    return list(groups.values())


def _first_of(steps: Sequence[range]) -> list[int]:
    """The first of a group's steps, so many as are timed; where it has fewer, again and again."""
    number = _WARM_STEPS + _TIMED_STEPS
    first = sorted(chain.from_iterable(some[:number] for some in steps))[:number]
    return list(islice(cycle(first), number))


def _time_steps(do: Callable[[int], None], steps: Sequence[int]) -> float:
    """Median of some steps, without those that warm up."""
    seconds = []
    for step in steps:
        started = time.perf_counter()
        do(step)
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds[_WARM_STEPS:])


def _sizes(system: System, stepper: Stepper, average: AverageWeights | None) -> tuple[int, int]:
    """Bytes of a resumable checkpoint and of one with weights alone, by writing them."""
    averages = {} if average is None else average.weights
    weights = system.module.state_dict()
    with tempfile.TemporaryDirectory() as folder:
        full = Path(folder) / "full"
        write_checkpoint(
            Checkpoint({"step": 0}, weights, averages, {"turns": stepper.state().tensors}), full
        )
        files = {path.name: path.stat().st_size for path in full.iterdir()}
    return sum(files.values()), files["weights.safetensors"]


def _peak_memory(device: Device) -> int:
    if device.torch_device.type == "cuda":
        return int(torch.cuda.max_memory_allocated())
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
