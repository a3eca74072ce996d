"""Phases: taking over another recipe's checkpoint."""

from typing import Any

from attrs import frozen

from engine.errors import UserError
from engine.evaluation.lineage import Ancestors, read_ancestors
from engine.project import Project
from engine.recipe.schema import Start
from engine.training.checkpoint import Checkpoint, read_checkpoint, weights_digest
from engine.training.loop import Loop
from engine.training.record import Entry
from engine.untrusted import refused


@frozen
class Parent:
    """The checkpoint a phase continues, and what of it is carried."""

    name: str
    digest: str
    checkpoint: Checkpoint
    carry: tuple[str, ...]
    ancestors: Ancestors
    """Digests of the clips that it and every recipe before it were trained on."""

    @property
    def entry(self) -> Entry:
        """What the run's weights are before step 1."""
        return "parent" if "weights" in self.carry else "untrained"


def find_parent(start: Start, project: Project) -> Parent:
    """Read the parent's checkpoint. Raises UserError naming those there are where it is missing."""
    folder = project.model(start.from_) / "checkpoints"
    if not folder.is_dir():
        raise UserError(
            f"start.from = '{start.from_}' needs {folder}, which does not exist. "
            f"Train it first: dvc repro {start.from_}"
        )
    name = start.pick.replace("step:", "step_")
    if not (folder / name).is_dir():
        kept = ", ".join(sorted(path.name.replace("step_", "step:") for path in folder.iterdir()))
        raise UserError(
            f"start.pick = '{start.pick}' was not kept by {start.from_}; kept are: {kept}. "
            "Pick one of them, or set training.keep_every in that recipe and train it again."
        )
    checkpoint = read_checkpoint(folder / name)
    ancestors = read_ancestors(folder.parent)
    digest = weights_digest(folder / name)
    return Parent(start.from_, digest, checkpoint, start.carry, ancestors)


def take_over(parent: Parent, loop: Loop) -> str:
    """Load what is carried into the loop; say in a sentence what was.

    The recipe's learning rate always wins. Raises UserError where the weights do not fit, naming
    the differing keys.
    """
    if "weights" in parent.carry:
        _load_weights(parent, loop)
    if "optimizer" in parent.carry:
        with refused(f"The optimiser's state of {parent.name} does not fit this recipe's model."):
            loop.stepper.load_optimizer_state(_part(parent, "turns"))
    return f"carried {' and '.join(parent.carry)} of {parent.name}; a new step count and schedule"


def _load_weights(parent: Parent, loop: Loop) -> None:
    own = loop.system.objective.state_dict()
    given = parent.checkpoint.weights
    differing = sorted(
        set(own.keys() ^ given.keys())
        | {name for name in own.keys() & given.keys() if own[name].shape != given[name].shape}
    )
    if differing:
        raise UserError(
            f"The weights of {parent.name} do not fit this recipe's model: {len(differing)} of "
            f"{len(own)} tensors differ in name or shape, first {', '.join(differing[:3])}. "
            "Give both recipes the same [model]."
        )
    loop.system.objective.load_state_dict(dict(given), strict=True)
    if loop.average is not None:
        loop.average.restart()


def _part(parent: Parent, name: str) -> dict[str, dict[str, Any]]:
    if name not in parent.checkpoint.optimizers:
        raise UserError(
            f"start.carry names 'optimizer', but this checkpoint of {parent.name} holds weights "
            "alone. Pick 'last', which keeps the optimiser's state."
        )
    part: dict[str, dict[str, Any]] = parent.checkpoint.optimizers[name]
    return part
