"""A run from its recipe to its model: identity, folder, preflight, loop, export."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from attrs import asdict, frozen
from lightning_fabric import Fabric

from engine.errors import UserError
from engine.project import Project
from engine.recipe import recipe_identity, to_plain, write_recipe
from engine.recipe.params import Params
from engine.recipe.schema import Recipe
from engine.tracking.events import EventLog
from engine.tracking.mirror import AimMirror
from engine.training.checkpoint import Checkpoint, newest_checkpoint, read_checkpoint
from engine.training.code import code_version
from engine.training.devices import describe, make_fabric
from engine.training.finish import finish_run
from engine.training.folder import RunFolder
from engine.training.loop import Ending, Loop
from engine.training.order import Order
from engine.training.preflight import Preflight
from engine.training.publish import publish
from engine.training.start import Parent, find_parent, take_over
from engine.training.stop import StopRequest, stop_on_signals
from engine.training.system import System
from engine.training.watcher import Watcher

_AIM_SECONDS = 20.0

Builder = Callable[[Recipe, Project, Params], System]


@frozen
class Outcome:
    """How a run ended: with a model, or with state to go on from and the reason in words."""

    ending: Ending
    folder: Path
    message: str
    signal: int | None = None


@frozen
class Run:
    """A recipe about to be trained in a project on this machine."""

    recipe: Recipe
    project: Project
    params: Params
    build: Builder
    watcher: Watcher

    def train(self) -> Outcome:
        """Train, or go on training, and leave the model in `models/<recipe>`.

        Raises UserError where something can be put right: data, parent, preflight, disk, lock.
        """
        started = time.time()
        fabric = make_fabric(self.params.hardware, self.recipe.training.precision)
        torch.manual_seed(self.params.seed)
        system = self.build(self.recipe, self.project, self.params)
        start = self.recipe.start
        parent = find_parent(start, self.project) if start else None
        identity = self._identity(system, parent)
        folder = RunFolder(self.project.runs(self.recipe.name) / identity)
        with folder.locked(), stop_on_signals() as stop:
            checkpoint = folder.begin(self._description(identity, parent))
            if checkpoint is None:
                self._tell_of_others(folder)
            write_recipe(self.recipe, folder.path / "recipe.toml")
            shutil.copy2(self.project.params, folder.path / "params.toml")
            log = EventLog(folder.events)
            mirror = AimMirror()
            if self.params.tracking.aim:
                mirror.start(folder.path, self.project.aim)
            loop = self._loop(fabric, system, log, folder, stop)
            try:
                self._prepare(loop, checkpoint, parent, describe(fabric))
                outcome = self._conclude(loop, loop.run(), folder, started)
            finally:
                log.close()
                warning = mirror.finish(_AIM_SECONDS)
                if warning:
                    self.watcher.say(f"warning: {warning}")
        return outcome

    def _tell_of_others(self, folder: RunFolder) -> None:
        """Name unfinished runs of the recipe that this one does not go on with."""
        for other in sorted(folder.path.parent.glob("*/checkpoints")):
            left = newest_checkpoint(other)
            if left is not None and other.parent != folder.path:
                step = read_checkpoint(left).state["step"]
                self.watcher.say(
                    f"note: {other.parent.name} stopped at step {step} and is not continued: its "
                    "recipe, seed, data or code is another"
                )

    def _loop(
        self, fabric: Fabric, system: System, log: EventLog, folder: RunFolder, stop: StopRequest
    ) -> Loop:
        training = self.recipe.training
        order = Order(
            system.train_clips.lengths,
            training.batch_size,
            self.params.seed,
            fabric.global_rank,
            fabric.world_size,
        )

        def save(kind: str, checkpoint: Checkpoint) -> None:
            log.sync()  # a checkpoint may not outlive the events before it
            folder.save(kind, checkpoint)

        def published() -> None:
            publish(self.project, self.recipe.name, folder.events)

        return Loop(
            fabric=fabric,
            system=system,
            recipe=self.recipe,
            order=order,
            log=log,
            watcher=self.watcher,
            stop=stop,
            save=save,
            samples=folder.samples,
            published=published,
        )

    def _prepare(
        self, loop: Loop, checkpoint: Path | None, parent: Parent | None, machine: dict[str, object]
    ) -> None:
        """Resume exactly; or take over the parent, run preflight and take the baselines."""
        if checkpoint is not None:
            loop.restore(read_checkpoint(checkpoint))
            loop.write("resume")
            self.watcher.say(f"resumed at step {loop.step}")
            return
        loop.write("start", facts=self._facts(loop.system, machine))
        if parent is not None:
            self.watcher.say(take_over(parent, loop))
        self._preflight(loop)
        self._baselines(loop, "untrained" if parent is None else "parent")

    def _facts(self, system: System, machine: dict[str, object]) -> dict[str, object]:
        return {
            "parameters": sum(p.numel() for turn in system.turns for p in turn.parameters.values()),
            "recipe": self.recipe.name,
            "system": self.recipe.system,
            "data": {**asdict(system.data), "evaluation_set": system.evaluation_set},
            "machine": machine,
            "command": f"cantus train {self.recipe.name}",
        }

    def _preflight(self, loop: Loop) -> None:
        look = Preflight(loop.system, self.recipe, loop.order, loop.clock.length, loop.stepper)
        checks = look.checks()
        facts = [{"name": c.name, "ok": c.ok, "detail": c.detail} for c in checks]
        loop.write("preflight", facts={"checks": facts})
        failed = [check for check in checks if not check.ok]
        if failed:
            message = "; ".join(f"{check.name}: {check.detail}" for check in failed)
            loop.write("stop", facts={"reason": "preflight", "message": message})
            raise UserError(f"Preflight of {self.recipe.name} failed before step 1. {message}.")
        self.watcher.say(f"preflight: {len(checks)} checks passed")

    def _baselines(self, loop: Loop, entry: str) -> None:
        """What costs nothing, and where the run starts from, on the run's own evaluation set."""
        facts = {"evaluation_set": loop.system.evaluation_set}
        loop.write("baseline", metrics=loop.system.baselines(), facts=facts)
        metrics = loop.evaluate(entry).metrics
        loop.write("eval", metrics=metrics, facts=facts | {"best": False})
        loop.watcher.evaluated(0, metrics)
        loop.published()

    def _conclude(self, loop: Loop, ending: Ending, folder: RunFolder, started: float) -> Outcome:
        if ending == "finished":
            message = finish_run(loop, folder, self.project, started)
            return Outcome(ending, self.project.model(self.recipe.name), message)
        if ending == "guard":
            assert loop.breach is not None
            message = loop.breach.sentence()
            loop.write("stop", facts={"reason": "guard", "message": message})
            return Outcome(ending, folder.path, message)
        message = f"interrupted at step {loop.step}; the same command goes on from there"
        loop.write("stop", facts={"reason": "interrupted", "message": message})
        return Outcome(ending, folder.path, message, loop.stop.signal)

    def _identity(self, system: System, parent: Parent | None) -> str:
        return recipe_identity(
            self.recipe,
            seed=self.params.seed,
            data=system.data_digest,
            evaluation_set=system.evaluation_set,
            code=code_version(self.recipe),
            parent=parent.digest if parent else "",
        )

    def _description(self, identity: str, parent: Parent | None) -> dict[str, Any]:
        return {
            "recipe": self.recipe.name,
            "system": self.recipe.system,
            "identity": identity,
            "parent": parent.name if parent else None,
            "summary": self.recipe.summary,
            "seed": self.params.seed,
            "settings": to_plain(self.recipe),
        }
