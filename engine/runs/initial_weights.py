"""Initial weights: from another recipe's checkpoint, or from a published model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli
from attrs import field, frozen
from torch import Tensor

from engine.errors import RefusedValuesError, UserError
from engine.evaluation.lineage import Ancestors, read_ancestors
from engine.fetch.published import find_all_weights
from engine.files.checksum import digest_of, sha256_of
from engine.files.untrusted import as_user_error
from engine.project import Project
from engine.recipe.schema import Recipe
from engine.recipe.training import Start
from engine.tracking.run_command import how_to_train
from engine.training.checkpoint import Checkpoint, read_checkpoint, read_state
from engine.training.checks.loaded import Loaded
from engine.training.loop import Loop
from engine.training.record import Entry
from engine.training.state import Saved
from engine.training.weights_digest import weights_digest


@frozen
class ParentCheckpoint:
    """The checkpoint that a phase continues, and which parts of it are carried over."""

    name: str
    digest: str
    checkpoint: Checkpoint
    carry: tuple[str, ...]
    ancestors: Ancestors
    """The clips that this checkpoint and every recipe before it were trained on."""
    rates: Mapping[str, float] = field(factory=dict)
    """The parent's peak learning rate, by turn."""

    @property
    def entry(self) -> Entry:
        """The kind of weights that the run has before step 1."""
        return "parent" if "weights" in self.carry else "untrained"

    def apply(self, loop: Loop) -> str:
        """Load what is carried over into the loop; return a sentence about it.

        The recipe's learning rate always wins. Raises UserError where the weights do not fit,
        naming the differing keys.
        """
        remark = _load_weights(self, loop) if "weights" in self.carry else ""
        if "optimizer" in self.carry:
            optimizers = _part(self, "turns", "optimizer")
            with as_user_error(
                f"The optimizer's state of {self.name} does not fit this recipe's model."
            ):
                loop.stepper.load(optimizers)
        if "schedule" in self.carry:
            loop.position.schedule_from = self.checkpoint.state["schedule_step"]
        if "rng" in self.carry:
            loop.continue_random(_part(self, "random", "rng"))
        if "data" in self.carry:
            _continue_data(self, loop)
        return _in_words(self, loop) + (f"; {remark}" if remark else "")


@frozen
class PretrainedWeights:
    """Weights of a published model, which no recipe here has trained."""

    name: str
    digest: str
    """Digest of every file that the recipe starts from."""
    path: Path
    """The first of these files, which leads the system to the others."""
    ancestors: Ancestors = field(factory=dict)
    """Empty: the training clips of published weights are unknown."""
    entry: Entry = "parent"

    def apply(self, loop: Loop) -> str:
        """Load the weights; return a sentence about it. Raises UserError where they do not fit."""
        loop.loaded = Loaded.unlike(self.name, loop.stepper.networks.state().tensors)
        found = loop.load_published(self.path)
        unknown = f"it is unknown whether {self.name} was trained on the evaluation clips"
        loop.write(
            "warning",
            facts={"message": f"{unknown}: published weights carry no list of training clips"},
        )
        return f"{found}; {unknown}"


InitialWeights = ParentCheckpoint | PretrainedWeights
"""The source of a run's initial weights."""


def find_initial_weights(recipe: Recipe, project: Project) -> InitialWeights | None:
    """The weights that a recipe continues; None where it begins with random weights.

    Raises UserError where they are missing or damaged.
    """
    start = recipe.start
    if start is None:
        return None
    if start.from_:
        return _find_parent(start, start.from_, project)
    first, *more = find_all_weights(recipe.published_weights, project)
    digests = [sha256_of(path) for path in (first, *more)]
    return PretrainedWeights(start.name, digest_of(digests) if more else digests[0], first)


def remark_on_pick(start: Start, project: Project) -> str | None:
    """A sentence where a phase begins with another step than its parent's best.

    Raises UserError where the checkpoint is not there.
    """
    if start.from_ is None:
        return None
    folder = _picked(start, start.from_, project)
    if not (folder.parent / "best").is_dir():
        return None
    picked, best = (read_state(path)["step"] for path in (folder, folder.parent / "best"))
    if picked == best:
        return None
    return (
        f"the run begins with step {picked} of {start.from_}, whose best was step {best} "
        "(start.pick = 'best' takes that one)"
    )


def _picked(start: Start, name: str, project: Project) -> Path:
    """The parent's checkpoint that start.pick names. Raises UserError where it is missing."""
    folder = project.model(name) / "checkpoints"
    if not folder.is_dir():
        raise UserError(
            f"start.from = '{name}' needs {folder}, which does not exist. "
            f"Train {name} first: {how_to_train(project, name)}"
        )
    picked = folder / start.pick.replace("step:", "step_")
    if not picked.is_dir():
        kept = ", ".join(sorted(path.name.replace("step_", "step:") for path in folder.iterdir()))
        raise RefusedValuesError(
            f"start.pick = '{start.pick}': {name} has no such checkpoint (it has: {kept}). "
            "Pick one of these, or set training.keep_every in that recipe and train it again "
            f"(cantus train {start.name} --again)."
        )
    return picked


def _find_parent(start: Start, name: str, project: Project) -> ParentCheckpoint:
    folder = _picked(start, name, project)
    checkpoint, model = read_checkpoint(folder), project.model(name)
    ancestors, rates = read_ancestors(model), _peak_rates(model / "recipe.toml")
    return ParentCheckpoint(name, weights_digest(folder), checkpoint, start.carry, ancestors, rates)


def _peak_rates(path: Path) -> dict[str, float]:
    tables: Mapping[str, Any] = tomli.loads(path.read_text(encoding="utf-8"))["optimizer"]
    return {turn: float(table["learning_rate"]) for turn, table in tables.items()}


def _load_weights(parent: ParentCheckpoint, loop: Loop) -> str:
    """Load what the parent was evaluated and exported with: its averages, where it has them.

    Returns what the system changed for that, in words.

    An optimizer's state belongs to the live weights: with it these are loaded, and the averages as
    the averages, where the recipe averages too.
    """
    checkpoint = parent.checkpoint
    averaged, remark = loop.system.module.adopted({**checkpoint.weights, **checkpoint.average})
    _require_fit(parent, loop, averaged)
    if "optimizer" not in parent.carry:
        loop.loaded = Loaded.of(parent.name, averaged)
        loop.load_weights(averaged)
    elif remark:
        raise RefusedValuesError(
            f"start.carry names 'optimizer', but of {parent.name} {remark}: its optimizer's state "
            "no longer matches the trainable parameters. Remove 'optimizer' from start.carry."
        )
    else:
        loop.loaded = Loaded.of(parent.name, checkpoint.weights)
        num_updates = checkpoint.part("average").plain or 0
        loop.load_weights(checkpoint.weights, average=Saved(num_updates, averaged))
    return remark


def _which_weights(parent: ParentCheckpoint, loop: Loop) -> str:
    """Which of two sets of weights a checkpoint with averages gave, in words."""
    if "weights" not in parent.carry or not parent.checkpoint.average:
        return ""
    if "optimizer" not in parent.carry:
        return " (the averaged weights, which it was evaluated with)"
    if loop.recipe.training.ema_decay is not None:
        return " (the live weights, and their average as the average)"
    return " (the live weights, not the average that it was evaluated with)"


def _require_fit(parent: ParentCheckpoint, loop: Loop, given: Mapping[str, Tensor]) -> None:
    own = loop.system.module.state_dict()
    differing = sorted(
        set(own.keys() ^ given.keys())
        | {name for name in own.keys() & given.keys() if own[name].shape != given[name].shape}
    )
    if differing:
        raise RefusedValuesError(
            f"The weights of {parent.name} do not fit this recipe's model: {len(differing)} of "
            f"{len(own)} tensors differ in name or shape, first {', '.join(differing[:3])}. "
            "Give both recipes the same [model]."
        )


def _continue_data(parent: ParentCheckpoint, loop: Loop) -> None:
    """Continue in the order of clips where the parent stopped."""
    before, here = parent.checkpoint.state["steps_per_epoch"], loop.order.steps_per_epoch
    if before != here:
        raise RefusedValuesError(
            f"start.carry names 'data', but {parent.name} had {before} steps an epoch and this "
            f"recipe has {here}, so the parent's position in the order of clips does not apply. "
            "Train on the same clips in batches of the same size, or remove 'data' from "
            "start.carry."
        )
    loop.position.data_from = parent.checkpoint.state["data_step"]


def _in_words(parent: ParentCheckpoint, loop: Loop) -> str:
    """Which parts were carried over, which were not, and the change of the learning rate."""
    state = parent.checkpoint.state
    step = {"schedule": state["schedule_step"], "data": state["data_step"]}
    parts = [f"{part} from step {step[part]} on" if part in step else part for part in parent.carry]
    carried = " and ".join(parts) + _which_weights(parent, loop)
    fresh = [part for part in ("optimizer", "schedule", "rng", "data") if part not in parent.carry]
    begun = f"; reset: step count{''.join(f', {part}' for part in fresh)}"
    peaks = {turn: table.learning_rate for turn, table in loop.recipe.optimizer.items()}
    changes = [f"{t} {parent.rates[t]:g} -> {rate:g}" for t, rate in peaks.items()]
    return (
        f"carried over {carried} from {parent.name}{begun}; learning rate of {', '.join(changes)}"
    )


def _part(parent: ParentCheckpoint, name: str, carried: str) -> Saved:
    if name not in parent.checkpoint.optimizers:
        raise RefusedValuesError(
            f"start.carry names '{carried}', but this checkpoint of {parent.name} holds only "
            "weights. Set start.pick = 'last', which also keeps the state of the optimizer and of "
            "the random number generators."
        )
    return parent.checkpoint.part(name)
