"""A run from its recipe to its model: identity, folder, preflight, loop, export."""

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import torch
from attrs import asdict, frozen
from lightning_fabric import Fabric

from engine.errors import UserError
from engine.evaluation.lineage import write_lineage
from engine.evaluation.paired import FEW_CLIPS, FEW_WORDS
from engine.project import Project
from engine.recipe import recipe_identity, to_plain, to_toml, write_recipe
from engine.recipe.params import Params
from engine.recipe.schema import Recipe
from engine.tracking.events import EventLog
from engine.tracking.mirror import AimMirror
from engine.training.checkpoint import Checkpoint, newest_checkpoint, read_checkpoint, read_state
from engine.training.code import code_version
from engine.training.devices import describe, make_fabric
from engine.training.finish import finish_run, put_back
from engine.training.folder import RunFolder
from engine.training.loop import Ending, Loop
from engine.training.order import Order
from engine.training.preflight import Preflight
from engine.training.publish import publish
from engine.training.shelf import find_model_damage
from engine.training.start import Origin, find_origin
from engine.training.stop import StopRequest, stop_on_signals
from engine.training.system import System
from engine.training.watcher import Watcher
from engine.untrusted import refused

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
    again: bool = False
    """Whether a run that was begun or finished before is thrown away."""

    def train(self) -> Outcome:
        """Train, or go on training, and leave the model in `models/<recipe>`.

        Raises UserError where something can be put right: data, parent, preflight, disk, lock.
        """
        started = time.monotonic()
        fabric = make_fabric(self.params.hardware, self.recipe.training.precision)
        start = self.recipe.start
        parent = find_origin(start, self.project) if start else None
        torch.manual_seed(self.params.seed)
        system = self.build(self.recipe, self.project, self.params)
        identity = self._identity(system, parent)
        folder = RunFolder(self.project.runs(self.recipe.name) / identity)
        with folder.locked(), stop_on_signals() as stop:
            found = self._finished(folder)
            if found is not None:
                return found
            checkpoint = folder.begin(self._description(identity, parent), self.watcher.say)
            if checkpoint is None:
                self._tell_of_others(folder)
            write_recipe(self.recipe, folder.path / "recipe.toml")
            ancestors = parent.ancestors if parent else {}
            clips = system.train_clips
            write_lineage(folder.path, clips.ids, clips, ancestors)
            shutil.copy2(self.project.params, folder.path / "params.toml")
            with self._mirrored(folder), closing(EventLog(folder.events)) as log:
                loop = self._loop(fabric, system, log, folder, stop)
                self._prepare(loop, checkpoint, parent, describe(fabric))
                return self._conclude(loop, loop.run(), folder, started)

    def _finished(self, folder: RunFolder) -> Outcome | None:
        """What a run that was finished before leaves: its model, put in place again."""
        if self.again:
            folder.empty()
        if not folder.model.is_dir():
            return None
        damage = find_model_damage(folder)
        if damage:
            self.watcher.say(f"note: {folder.model} is damaged ({damage}) and is made again")
            return None
        edited = (folder.model / "recipe.toml").read_text("utf-8") != to_toml(self.recipe)
        remark = " (what was edited since changes nothing learned)" if edited else ""
        name = self.recipe.name
        message = (
            f"already trained{remark}: {put_back(folder, self.recipe, self.project)}. "
            f"To train anew: cantus train {name} --again"
        )
        return Outcome("finished", self.project.model(name), message)

    @contextmanager
    def _mirrored(self, folder: RunFolder) -> Iterator[None]:
        """Inside, Aim follows the run, where it is wanted. What Aim lacks is a warning."""
        mirror = AimMirror()
        if self.params.tracking.aim:
            mirror.start(folder.path, self.project.aim)
        try:
            yield
        finally:
            warning = mirror.finish(_AIM_SECONDS)
            if warning:
                self.watcher.say(f"warning: {warning}")

    def _tell_of_others(self, folder: RunFolder) -> None:
        """Name unfinished runs of the recipe that this one does not go on with."""
        for other in sorted(folder.path.parent.glob("*/checkpoints")):
            left = newest_checkpoint(other)
            if left is not None and other.parent != folder.path:
                step = read_state(left)["step"]
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
            folder.save(kind, checkpoint, log.mark())

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
        self, loop: Loop, checkpoint: Path | None, parent: Origin | None, machine: dict[str, object]
    ) -> None:
        """Resume exactly; or take over the parent, run preflight and take the baselines."""
        if checkpoint is not None:
            with refused(f"The checkpoint {checkpoint} is no state of this run: delete it."):
                loop.restore(read_checkpoint(checkpoint))
            loop.write("resume")
            self.watcher.say(f"resumed at step {loop.step}")
            return
        loop.write("start", facts=self._facts(loop.system, machine))
        if parent is not None:
            self.watcher.say(parent.take_over(loop))
        self._preflight(loop, parent)
        loop.begin("untrained" if parent is None else parent.entry)
        self._warn_of_few(loop)

    def _facts(self, system: System, machine: dict[str, object]) -> dict[str, object]:
        return {
            "parameters": sum(p.numel() for turn in system.turns for p in turn.parameters.values()),
            "recipe": self.recipe.name,
            "system": self.recipe.system,
            "data": {**asdict(system.data), "evaluation_set": system.evaluation_set},
            "machine": machine,
            "command": f"cantus train {self.recipe.name}",
        }

    def _preflight(self, loop: Loop, parent: Origin | None) -> None:
        look = Preflight(
            loop.system,
            self.recipe,
            loop.order,
            loop.clock.length,
            loop.stepper,
            parent.ancestors if parent else {},
        )
        checks = look.checks()
        facts = [{"name": c.name, "ok": c.ok, "detail": c.detail} for c in checks]
        loop.write("preflight", facts={"checks": facts})
        failed = [check for check in checks if not check.ok]
        if failed:
            message = "; ".join(f"{check.name}: {check.detail}" for check in failed)
            loop.write("stop", facts={"reason": "preflight", "message": message})
            raise UserError(f"Preflight of {self.recipe.name} failed before step 1. {message}.")
        self.watcher.say(f"preflight: {len(checks)} checks passed")

    def _warn_of_few(self, loop: Loop) -> None:
        num_clips = len(loop.system.eval_clips.ids)
        if num_clips < FEW_CLIPS:
            message = f"the evaluation set has {num_clips} clips: {FEW_WORDS}"
            loop.write("warning", facts={"message": message})
            self.watcher.say(f"warning: {message}")

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

    def _identity(self, system: System, parent: Origin | None) -> str:
        return recipe_identity(
            self.recipe,
            seed=self.params.seed,
            data=system.data_digest,
            evaluation_set=system.evaluation_set,
            training_set=hashlib.sha256(system.train_clips.digests.tobytes()).hexdigest(),
            code=code_version(self.recipe),
            parent=parent.digest if parent else "",
        )

    def _description(self, identity: str, parent: Origin | None) -> dict[str, Any]:
        return {
            "recipe": self.recipe.name,
            "system": self.recipe.system,
            "identity": identity,
            "parent": parent.name if parent else None,
            "summary": self.recipe.summary,
            "seed": self.params.seed,
            "settings": to_plain(self.recipe),
        }
