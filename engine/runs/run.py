"""A run from its recipe to its model: identity, folder, preflight, loop, export."""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import torch
from attrs import asdict, evolve, field, frozen

from engine.evaluation.lineage import write_lineage
from engine.evaluation.paired import FEW_CLIPS, FEW_WORDS
from engine.evaluation.sound.remark import remarks_on_sound
from engine.files.untrusted import as_user_error
from engine.project import Project
from engine.recipe import to_plain, to_toml, write_recipe
from engine.recipe.params import Notify, Params
from engine.recipe.schema import Recipe
from engine.report.history import History
from engine.runs.finish import finish_run, put_back
from engine.runs.folder import RunFolder
from engine.runs.identity import Identity, differences_from, identify
from engine.runs.initial_weights import (
    InitialWeights,
    ParentCheckpoint,
    find_initial_weights,
    remark_on_pick,
)
from engine.runs.launch import joined
from engine.runs.model_store import find_model_damage
from engine.runs.notify.notifier import Notifier
from engine.runs.notify.send import find_problem
from engine.runs.provenance import provenance
from engine.runs.staleness import corpus_digest
from engine.runs.store import FolderStore, open_store
from engine.tracking.mirrors.beside import finish_all, start_mirror
from engine.tracking.mirrors.place import mirror_place
from engine.training.average import remark_on_average
from engine.training.checkpoint import newest_checkpoint, read_checkpoint, read_state
from engine.training.checks import settle
from engine.training.devices import Device, describe, make_device
from engine.training.loop import Ending, Loop
from engine.training.order import Order
from engine.training.preflight import Preflight
from engine.training.probes import in_words
from engine.training.processes import LAUNCHER, num_processes, require_equal_parts
from engine.training.ranks import Ranks
from engine.training.rate_plan import rate_plans
from engine.training.stop import StoppedAtOnce, StopRequest, stop_on_signals
from engine.training.store import NoStore, RunStore
from engine.training.system import System
from engine.training.watcher import Silent, Watcher

_MIRROR_SECONDS = 20.0
_NOTIFY_SECONDS = 12.0

Builder = Callable[[Recipe, Project, Params], System]


@frozen
class Outcome:
    """How a run ended: with a model, or with state to continue from and the reason in words."""

    ending: Ending
    folder: Path
    message: str
    signal: int | None = None


def _silent(loop: Loop, ending: Ending) -> Outcome | None:
    """The outcome of a process that is not the run's first; Cantus's launcher reads the first's."""
    if ending == "finished" or LAUNCHER in os.environ:
        return None
    return Outcome(ending, loop.store.place, "", loop.stop.signal)


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
    demo_settings: str | None = None
    """How a demo's losses differ from its recipe's, in words for the report."""
    variant: Mapping[str, Any] = field(factory=dict)
    """For a run whose values differ from its recipe's: `of` which recipe, its `overrides`, and
    the `command` that trains it."""
    keeps_model: bool = True
    """Whether its model is for use: with export, samples and report, not with its figures alone."""

    def train(self) -> Outcome | None:
        """Train, or resume training, and leave the model in `models/<recipe>`.

        Of several processes the first reports how the run ended. The others return None if it is
        finished, and otherwise the same outcome without a message: whoever started them takes exit
        code 0 for a finished run. Raises UserError where the user can mend the cause: data, parent,
        preflight, disk, lock, number of devices.
        """
        hardware = self.params.hardware
        require_equal_parts(self.recipe.training, num_processes(hardware))
        with joined(hardware) as ranks:
            run = self if ranks.is_first else evolve(self, watcher=Silent())
            return run._train(ranks)

    def preflight(self) -> None:
        """Preflight alone, with what a run from the beginning would load; nothing is kept.

        Raises PreflightError where it does not pass, and UserError as `train` does.
        """
        hardware = self.params.hardware
        with joined(hardware) as ranks:
            device = make_device(hardware, self.recipe.training.precision, ranks.place)
            initial = find_initial_weights(self.recipe, self.project)
            torch.manual_seed(self.params.seed)
            system = self.build(self.recipe, self.project, self.params)
            store = NoStore(self.project.runs(self.recipe.name))
            loop = self._loop(device, system, store, StopRequest(), ranks)
            if initial is not None:
                initial.apply(loop)
            self._preflight(loop, initial)

    def _train(self, ranks: Ranks) -> Outcome | None:
        started = time.monotonic()
        device = make_device(self.params.hardware, self.recipe.training.precision, ranks.place)
        initial = find_initial_weights(self.recipe, self.project)
        torch.manual_seed(self.params.seed)
        system = self.build(self.recipe, self.project, self.params)
        identity = identify(self.recipe, self.params.seed, system, initial)
        folder = RunFolder(self.project.runs(self.recipe.name) / identity.digits)
        locked = folder.locked() if ranks.is_first else nullcontext()
        with locked, stop_on_signals(says=ranks.is_first) as stop:
            found = ranks.from_first(lambda: self._finished(folder))
            if found is not None:
                return found if ranks.is_first else None
            checkpoint = ranks.from_first(lambda: self._open(folder, system, identity, initial))
            with self._store(folder, ranks) as store:
                loop = self._loop(device, system, store, stop, ranks)
                with self._notified(folder, ranks) as notifier:
                    try:
                        self._prepare(loop, checkpoint, initial, describe(device, ranks.world_size))
                        if problem := find_problem(self.params.tracking.notify):
                            loop.warn(f"notifications cannot be sent: {problem}")
                        ending = loop.run()
                    except StoppedAtOnce:
                        ending = "interrupted"
                    if remark := notifier.remark():
                        loop.warn(remark)
                    return self._conclude(loop, ending, store, started)

    def _open(
        self, folder: RunFolder, system: System, identity: Identity, initial: InitialWeights | None
    ) -> Path | None:
        """Write the run's description; return the checkpoint to resume from, if there is one."""
        checkpoint = folder.begin(self._description(identity, initial), self.watcher.say)
        if checkpoint is None:
            self._name_unfinished(folder, identity)
        write_recipe(self.recipe, folder.path / "recipe.toml")
        clips = system.train_clips
        write_lineage(folder.path, clips.ids, clips, initial.ancestors if initial else {})
        shutil.copy2(self.project.params, folder.path / "params.toml")
        return checkpoint

    @contextmanager
    def _store(self, folder: RunFolder, ranks: Ranks) -> Iterator[RunStore]:
        """Inside, the first process writes events and trackers follow them; others' go nowhere."""
        if not ranks.is_first:
            yield NoStore(folder.path)
            return
        with self._mirrored(folder), open_store(folder, self.project, self.recipe) as store:
            yield store

    def _finished(self, folder: RunFolder) -> Outcome | None:
        """The outcome of a run that is already finished: its model, put in place again."""
        if self.again:
            folder.empty()
        if not folder.model.is_dir():
            return None
        damage = find_model_damage(folder)
        if damage:
            self.watcher.say(f"note: {folder.model} is damaged ({damage}) and is written again")
            return None
        edited = (folder.model / "recipe.toml").read_text("utf-8") != to_toml(self.recipe)
        remark = " (later edits of the recipe do not affect training)" if edited else ""
        message = (
            f"already trained{remark}: {put_back(folder, self.recipe, self.project)}. "
            f"To train from the start: {self._command} --again"
        )
        return Outcome("finished", self.project.model(self.recipe.name), message)

    @property
    def _command(self) -> str:
        """The command line that trains this run."""
        return str(self.variant.get("command", f"cantus train {self.recipe.name}"))

    @contextmanager
    def _mirrored(self, folder: RunFolder) -> Iterator[None]:
        """Inside, the configured trackers follow the run. Their failures are warnings."""
        tracking = self.params.tracking
        places = [mirror_place(kind, self.project, tracking) for kind in tracking.mirrors]
        mirrors = [start_mirror(place, folder.path, self.project) for place in places]
        try:
            yield
        finally:
            for warning in finish_all(mirrors, _MIRROR_SECONDS):
                self.watcher.say(f"warning: {warning}")

    @contextmanager
    def _notified(self, folder: RunFolder, ranks: Ranks) -> Iterator[Notifier]:
        """Inside, notifications are sent; that of the end once the model is in place."""
        notify = self.params.tracking.notify if ranks.is_first else Notify()
        notifier = Notifier(notify, folder.path, self.project)
        try:
            yield notifier
        except BaseException:
            notifier.leave()
            raise
        if warning := notifier.finish(_NOTIFY_SECONDS):
            self.watcher.say(f"warning: {warning}")

    def _name_unfinished(self, folder: RunFolder, identity: Identity) -> None:
        """Name unfinished runs of the recipe that this one does not continue, and why."""
        for other in sorted(folder.path.parent.glob("*/checkpoints")):
            left = newest_checkpoint(other)
            if left is not None and other.parent != folder.path:
                step = read_state(left)["step"]
                self.watcher.say(
                    f"note: the unfinished run {other.parent.name} (step {step}) is not resumed. "
                    f"{differences_from(other.parent, identity)}"
                )

    def _loop(
        self,
        device: Device,
        system: System,
        store: RunStore,
        stop: StopRequest,
        ranks: Ranks,
    ) -> Loop:
        training = self.recipe.training
        order = Order(
            system.train_clips.lengths,
            training.batch_size,
            self.params.seed,
            ranks.rank,
            ranks.world_size,
            training.num_micro_batches,
        )
        return Loop(
            device=device,
            system=system,
            recipe=self.recipe,
            order=order,
            store=store,
            watcher=self.watcher,
            stop=stop,
            ranks=ranks,
        )

    def _prepare(
        self,
        loop: Loop,
        checkpoint: Path | None,
        initial: InitialWeights | None,
        machine: dict[str, object],
    ) -> None:
        """Resume exactly; or load the initial weights, run preflight and take the baselines."""
        if checkpoint is not None:
            with as_user_error(f"The checkpoint {checkpoint} does not fit this run: delete it."):
                loop.restore(read_checkpoint(checkpoint))
            loop.write("resume", facts={"machine": machine})
            self.watcher.say(f"resumed at step {loop.step}")
            return
        loop.write("start", facts=self._facts(loop.system, machine, initial))
        for warning in loop.system.dataset_summary.warnings:
            loop.warn(warning)
        if initial is not None:
            self.watcher.say(initial.apply(loop))
            assert self.recipe.start is not None, "initial weights come from recipe.start"
            remark = remark_on_pick(self.recipe.start, self.project)
            if remark is not None:
                loop.write("warning", facts={"message": remark})
                self.watcher.say(f"note: {remark}")
        total = loop.clock.length.total_steps
        if remark := remark_on_average(self.recipe.training.ema_decay, total):
            loop.warn(remark)
        for plan in rate_plans(loop.stepper, self.recipe, loop.clock.length):
            if plan.remark:
                loop.warn(plan.remark)
        clips, ancestors = loop.system.eval_clips, initial.ancestors if initial else {}
        if self.recipe.evaluation_parent is None:  # who chose the clips has compared them
            for remark in remarks_on_sound(clips.ids, clips.fingerprints, ancestors):
                loop.warn(remark)
        self._preflight(loop, initial)
        loop.begin("untrained" if initial is None else initial.entry)
        if isinstance(initial, ParentCheckpoint):
            loop.sampler.take_earlier(self.project.model(initial.name))
        self._warn_of_few(loop)

    def _facts(
        self, system: System, machine: dict[str, object], initial: InitialWeights | None
    ) -> dict[str, object]:
        demo = {} if self.demo_settings is None else {"demo_settings": self.demo_settings}
        return demo | {
            "parameters": sum(p.numel() for turn in system.turns for p in turn.parameters.values()),
            "recipe": self.recipe.name,
            "system": self.recipe.system,
            "data": {**asdict(system.dataset_summary), "evaluation_set": system.evaluation_set},
            "machine": machine,
            "steps_before": self._steps_before(initial),
            "command": self._command,
            **provenance(self.project),
            **self.variant,
        }

    def _steps_before(self, initial: InitialWeights | None) -> int:
        """The steps of the phases that led to the initial weights, each from its start to its end.

        0 for published weights, whose steps are unknown.
        """
        if not isinstance(initial, ParentCheckpoint):
            return 0
        return History.of(self.project.model(initial.name)).total_steps

    def _preflight(self, loop: Loop, initial: InitialWeights | None) -> None:
        look = Preflight(
            loop.system,
            self.recipe,
            loop.order,
            loop.clock.length,
            loop.stepper,
            initial.ancestors if initial else {},
            loop.loaded,
        )
        with loop.stopping_at_once():
            found = look.checks()  # in every process: all do preflight's steps together
        checks = loop.ranks.from_first(lambda: found)
        if not any(check.stops for check in checks):
            checks = [*checks, *loop.probes.ask()]
        settle(checks, loop)
        self.watcher.say(f"preflight: {in_words(checks)}")

    def _warn_of_few(self, loop: Loop) -> None:
        num_clips = len(loop.system.eval_clips.ids)
        if num_clips == 1:
            loop.warn(
                "the evaluation set is a single clip: its figures have no interval, so no two "
                "evaluations and no two runs can be compared. Hold out more clips"
            )
        elif num_clips < FEW_CLIPS:
            loop.warn(f"the evaluation set has {num_clips} clips: {FEW_WORDS}")

    def _conclude(
        self, loop: Loop, ending: Ending, store: RunStore, started: float
    ) -> Outcome | None:
        """Make the model where training is finished; see `train` for what is returned."""
        if not isinstance(store, FolderStore):
            return _silent(loop, ending)
        folder = store.folder
        if ending == "finished":
            try:
                message = finish_run(loop, store, started, keeps_model=self.keeps_model)
                return Outcome(ending, self.project.model(self.recipe.name), message)
            except StoppedAtOnce:
                ending = "interrupted"  # what is finished of the model is made again
        if ending == "guard":
            assert loop.breach is not None
            message = loop.breach.sentence()
            loop.write("stop", facts={"reason": "guard", "message": message})
            return Outcome(ending, folder.path, message)
        message = f"interrupted at step {loop.step}; run the same command to continue from there"
        loop.write("stop", facts={"reason": "interrupted", "message": message})
        return Outcome(ending, folder.path, message, loop.stop.signal)

    def _description(self, identity: Identity, initial: InitialWeights | None) -> dict[str, Any]:
        return {
            "recipe": self.recipe.name,
            "system": self.recipe.system,
            "identity": identity.digits,
            "covers": identity.plain(),
            "parent": initial.name if initial else None,
            "corpus": corpus_digest(self.project, self.recipe.dataset.corpus),
            "summary": self.recipe.summary,
            "seed": self.params.seed,
            "settings": to_plain(self.recipe),
            "command": self._command,
            **provenance(self.project),
            **self.variant,
        }
