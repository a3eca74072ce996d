"""The training loop: steps, evaluations, guards and checkpoints, as the recipe sets them."""

import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Literal

from attrs import define, field
from torch import Tensor

from engine.evaluation.unit_facts import unit_facts
from engine.recipe.schema import Recipe
from engine.tracking.events import Event
from engine.training.average import AverageWeights, average_weights
from engine.training.checkpoint import Checkpoint
from engine.training.checks.finite import BrokenBatchError
from engine.training.checks.loaded import Loaded
from engine.training.checks.moved import Moved
from engine.training.clock import Clock, Position
from engine.training.devices import Device, arithmetic
from engine.training.guards import Breach, Guards, Moment
from engine.training.loader import batches
from engine.training.order import Order
from engine.training.parting import Parting
from engine.training.probes import Probes
from engine.training.randomness import Generators, random_state, set_random_state
from engine.training.ranks import ALONE, Ranks
from engine.training.record import Entry, Look, Record
from engine.training.resumed import other_arithmetic, other_processes, require_same_epochs
from engine.training.sampler import Sampler
from engine.training.sampling import When
from engine.training.state import Saved, Stateful
from engine.training.step import Stepper
from engine.training.stop import StoppedAtOnce, StopRequest
from engine.training.store import Kind, RunStore
from engine.training.system import Batch, Evaluated, System
from engine.training.training_log import TrainingLog
from engine.training.watcher import Watcher

Ending = Literal["finished", "interrupted", "guard"]

_LONG_SECONDS = 10.0
"""An evaluation after one that took longer is announced, so that the run does not look hung."""


@define(slots=False)
class Loop:
    """A run in progress. `run` continues from `step` until the end, a guard or a signal."""

    device: Device
    system: System
    recipe: Recipe
    order: Order
    store: RunStore
    watcher: Watcher
    stop: StopRequest
    ranks: Ranks = ALONE
    """Every process of a run has a loop; all but the first get a store and a watcher that do
    nothing, and receive the evaluation's results, so that they decide alike."""

    breach: Breach | None = field(init=False, default=None)
    """The guard that ended the run, if one did."""
    position: Position = field(init=False, factory=Position)
    record: Record = field(init=False)
    clock: Clock = field(init=False)
    stepper: Stepper = field(init=False)
    guards: Guards = field(init=False)
    average: AverageWeights | None = field(init=False)
    generators: Generators = field(init=False)
    probes: Probes = field(init=False)
    log: TrainingLog = field(init=False)
    sampler: Sampler = field(init=False)
    loaded: Loaded | None = field(init=False, default=None)
    """Weights that were loaded into the run before step 1."""
    _evaluation_seconds: float = field(init=False, default=0.0)
    """How long the last evaluation took."""
    _described: set[str] = field(init=False, factory=set)
    """Digests of units that an event of this process says all of."""

    def __attrs_post_init__(self) -> None:
        training = self.recipe.training
        self.clock = Clock.of(training, self.order.steps_per_epoch)
        length = self.clock.length
        self.stepper = Stepper(
            self.device, self.system, self.recipe, length, self.ranks, self.position
        )
        self.record = Record.of(self.recipe, self.clock.num_evaluations(training))
        self.guards = Guards(self.recipe.guard, self.record.selection)
        networks = self.stepper.networks
        self.average = average_weights(networks.module, networks.turns, training.ema_decay)
        self.generators = Generators(self.ranks)
        moved = Moved(networks.turns, self.average, self.ranks)
        self.probes = Probes(self.system, networks, self.order, length.total_steps, moved)
        self.sampler = Sampler(self)
        self.log = TrainingLog(self.recipe, self.clock, self.stepper, self.guards, self.watcher)

    @property
    def step(self) -> int:
        """Finished steps."""
        return self.position.step

    def parts(self) -> dict[str, Stateful]:
        """Everything that changes while a run trains, by its name in a checkpoint.

        This is the one list of what is saved: what is not in it is forgotten by a resumed run.
        """
        average: dict[str, Stateful] = {} if self.average is None else {"average": self.average}
        return average | {
            "position": self.position,
            "weights": self.stepper.networks,
            "turns": self.stepper,
            "meter": self.stepper.meter,
            "precision": self.device,
            "record": self.record,
            "guards": self.guards,
            "probes": self.probes,
            "random": self.generators,
        }

    def run(self) -> Ending:
        """Train to the end of the recipe, or until something ends it."""
        stream = self.batches()
        self.stepper.turns_since_last_asked()  # preflight's steps do not belong to the run
        self.log.begin(self.step)
        self.probes.begin(self.step)
        self.system.module.train()
        try:
            ending = self._after_step() if self.position.is_between else None
            while ending is None and self.step < self.clock.length.total_steps:
                ending = self.advance(next(stream))
        except BrokenBatchError as error:
            self.write("stop", facts={"reason": "batch", "message": str(error)})
            raise
        finally:
            stream.close()
        return ending or "finished"

    def batches(self) -> Generator[list[Batch], None, None]:
        """The micro-batches of every step from the present one on."""
        return batches(self.system.train_clips, self.order, self.position.data_from + self.step)

    def advance(self, micro_batches: list[Batch]) -> Ending | None:
        """Do one step and all that is due after it; the ending where it is the run's last."""
        with self.stopping_at_once():
            self.stepper.step(micro_batches, self.step)
        self.position.step += 1
        if self.average is not None:
            self.average.update()
        self.probes.ask_again(self)
        training = self.recipe.training
        logs = self.step % training.log_every_steps == 0
        if logs or self.clock.evaluates(training, self.step):
            self._report_breaches(self.log.log(self.step, self.write))
        return self._after_step()

    def _after_step(self) -> Ending | None:
        """Do all that is due after a step; the ending where it is the run's last.

        A signal cuts an evaluation; the run saves, and resumes with the evaluation.
        """
        training, total = self.recipe.training, self.clock.length.total_steps
        self.position.is_between = False
        if self.clock.evaluates(training, self.step) and self.breach is None:
            try:
                self._evaluate()
            except StoppedAtOnce:
                self.position.is_between = True
                self.store.save("resume", self.checkpoint())
                return "interrupted"
        if self.breach is not None:
            return "guard"
        self._sample_if_due(total)
        self._save_if_due(training, total)
        if self.stop.agreed(self.ranks) and self.step < total:
            self.store.save("resume", self.checkpoint())
            return "interrupted"
        return None

    def stopping_at_once(self) -> AbstractContextManager[None]:
        """Inside, a signal ends the run at once while torch compiles, since no step is done yet.

        With several processes it does not, since all stop after the same step.
        """
        return self.stop.obeyed_at_once(self.stepper.is_compiling and self.ranks.is_alone)

    def write(self, kind: str, **more: Any) -> None:
        """Add an event at the present step."""
        self.store.write(Event(kind, self.step, self.clock.epoch(self.step), **more))

    def with_average(self) -> AbstractContextManager[None]:
        """Inside, the module computes with the averaged weights, where the recipe averages."""
        return nullcontext() if self.average is None else self.average.in_place()

    def evaluate(self) -> Evaluated:
        """Evaluate the present weights, in the first process.

        Raises StoppedAtOnce, in every process, where the first one receives a signal.
        """
        started = time.perf_counter()
        with self._final_weights():
            evaluated = self.stop.from_first(self.ranks, self.system.evaluate)
        self._evaluation_seconds = time.perf_counter() - started
        return evaluated

    def begin(self, entry: Entry) -> None:
        """Evaluate the baselines and the initial weights on the run's evaluation clips.

        Raises StoppedAtOnce where a signal is received: nothing is trained that would be lost.
        """
        num_clips = len(self.system.eval_clips.ids)
        self.watcher.say(f"evaluating {num_clips} clips before step 1 ...")
        baselines = self.stop.from_first(self.ranks, self.system.baselines)
        facts = self._measured(baselines.metrics)
        self.write("baseline", metrics=baselines.metrics, facts=facts)
        result = self.evaluate()
        metrics = {f"{entry}/{n.removeprefix('eval/')}": v for n, v in result.metrics.items()}
        self.record.begin(entry, result, baselines.per_clip)
        candidate = self.record.best is not None
        self.write("eval", metrics=metrics, facts=self._measured(metrics) | {"best": candidate})
        self.watcher.evaluated(0, metrics)
        if entry == "parent":
            for breach in self.guards.already_violated(result.metrics):
                self.warn(breach.warning)
        if candidate:
            self._save_weights("best")
        if self.record.best_by_other is not None:
            self._save_weights("other")
        self.sample("start", entry, num_clips=0)
        self.store.evaluated()

    def warn(self, message: str) -> None:
        """Record a warning for the report, and print it."""
        self.write("warning", facts={"message": message})
        self.watcher.say(f"warning: {message}")

    def sample(self, when: When, prefix: str = "eval", num_clips: int | None = None) -> None:
        """Write samples of the present weights into the run's folder, in the first process.

        Their figures are logged as `<prefix>/...`.
        """
        with self._final_weights():
            if self.ranks.is_first:
                self.sampler.write(when, prefix, num_clips)

    def conclude(self, best: Checkpoint) -> None:
        """Load the final weights of the run into the system. Nothing is trained afterwards."""
        module = self.system.module
        module.load_state_dict(dict(best.weights), strict=True)
        module.conclude(best.state["step"], best.state["epoch"])
        module.eval()

    def load_weights(self, weights: Mapping[str, Tensor], average: Saved | None = None) -> None:
        """Continue from these weights, and from this average of them where the recipe averages.

        Without an average, averaging begins again from the weights. Raises RuntimeError where
        names or shapes differ.
        """
        networks = self.stepper.networks
        networks.load(average or Saved(tensors=weights))
        if self.average is not None:
            self.average.restart(average.plain if average else 0)
        if average:
            networks.load(Saved(tensors=weights))

    def load_published(self, path: Path) -> str:
        """Continue from a published model's weights; return a sentence about the file.

        Raises UserError where they do not fit.
        """
        found = self.ranks.from_first(lambda: self.system.load_published(path))
        self.stepper.networks.load_from_system()
        if self.average is not None:
            self.average.restart()
        return found

    def continue_random(self, saved: Saved) -> None:
        """Take over the state of a parent's random number generators."""
        self.generators.load(saved)
        self._say_of_processes(len(saved.tensors))

    def checkpoint(self) -> Checkpoint:
        """Everything that is needed to continue from here to the same weights."""
        saved = {name: part.state() for name, part in self.parts().items()}
        return Checkpoint.of(saved, self._about())

    def restore(self, checkpoint: Checkpoint) -> None:
        """Continue from a checkpoint, exactly if there are as many processes.

        Raises UserError where the number of processes changes the steps of an epoch.
        """
        trained_in = len(checkpoint.part("random").tensors)
        epochs = self.order.steps_per_epoch
        require_same_epochs(checkpoint.state, epochs, trained_in, self.ranks.world_size)
        for name, part in self.parts().items():
            part.load(checkpoint.part(name))
        self._say_of_processes(trained_in)
        if said := other_arithmetic(checkpoint.state["arithmetic"], arithmetic(self.device)):
            self.warn(said)

    @contextmanager
    def _final_weights(self) -> Iterator[None]:
        """Inside, the system's module holds the weights that would be exported now.

        Their use leaves no trace in training.
        """
        random = random_state()
        try:
            with self.with_average():
                self.stepper.networks.show_system()
                self.system.module.eval()
                yield
        finally:
            self.system.module.train()
            set_random_state(random)

    def _say_of_processes(self, trained_in: int) -> None:
        if said := other_processes(trained_in, self.ranks.world_size):
            self.watcher.say(said)

    def _evaluate(self) -> None:
        if self._evaluation_seconds > _LONG_SECONDS:
            self.watcher.say(f"evaluating {len(self.system.eval_clips.ids)} clips ...")
        result = self.evaluate()
        look = self.record.look(self.step, result)
        self.write(
            "eval", metrics=result.metrics, facts=self._measured(result.metrics) | look.facts
        )
        self.watcher.evaluated(self.step, result.metrics)
        if look.said:
            self.watcher.say(look.said)
        moment = Moment(self.step, self.clock.epoch(self.step))
        self._report_breaches(self.guards.watch(result.metrics, moment, result.figures))
        if self.breach is None:
            self._keep(look)
        self.store.evaluated()
        self.log.begin(self.step)

    def _keep(self, look: Look) -> None:
        """Keep the weights where they are the best by any rule; report a parting."""
        bests = [*self.record.take(look)]
        for kind in bests:
            self._save_weights(kind)
        if bests and (parting := self.parting()):
            self.write("parting", facts=parting.facts())
            self.watcher.say(parting.sentence())

    def parting(self) -> Parting | None:
        """The best weights by the loss and by the judges where the two disagree; else None."""
        return self.record.parting()

    def _measured(self, metrics: Iterable[str]) -> dict[str, Any]:
        """The evaluation set and units that figures must share to be comparable.

        Events name a unit by its digest, and the first of a process says what it is.
        """
        facts = unit_facts(metrics, self.system.metric_units, self.recipe.system)
        new = {key: unit for key, unit in facts["units"].items() if key not in self._described}
        self._described |= new.keys()
        return {"evaluation_set": self.system.evaluation_set, **facts, "units": new}

    def _report_breaches(self, breaches: list[Breach]) -> None:
        """Record breaches of guards; the first with action 'stop' ends the run."""
        for breach in breaches:
            self.write("guard", facts=breach.facts)
            word = "STOP" if breach.action == "stop" else "warning"
            self.watcher.say(f"{word}: {breach.sentence()}")
            if breach.action == "stop" and self.breach is None:
                self.breach = breach

    def _sample_if_due(self, total: int) -> None:
        every = self.recipe.samples.every
        if every is not None and self.step < total and self.clock.is_due(every, self.step):
            self.sample("step")

    def _save_if_due(self, training: Any, total: int) -> None:
        if training.keep_every and self.clock.is_due(training.keep_every, self.step):
            self._save_weights("kept")
        if self.clock.is_due(training.checkpoint_every, self.step) or self.step == total:
            self.store.save("resume", self.checkpoint())

    def _save_weights(self, kind: Kind) -> None:
        """The weights that would be exported now, without the optimizer's state."""
        with self.with_average():
            saved = {name: self.parts()[name].state() for name in ("position", "weights")}
            self.store.save(kind, Checkpoint.of(saved, self._about()))

    def _about(self) -> dict[str, Any]:
        """Facts about the run for a checkpoint."""
        return {
            "epoch": self.clock.epoch(self.step),
            "steps_per_epoch": self.order.steps_per_epoch,
            "recipe": self.recipe.name,
            "arithmetic": arithmetic(self.device),
            "evaluation_set": self.system.evaluation_set,
        }
