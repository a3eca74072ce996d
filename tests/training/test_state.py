"""What a checkpoint holds is everything that changes while a run trains."""

from pathlib import Path

import attrs
import torch

from engine.recipe.judgement import Guard
from engine.recipe.params import Hardware
from engine.training.checkpoint import read_checkpoint, write_checkpoint
from engine.training.devices import make_device
from engine.training.loop import Loop
from engine.training.order import Order
from engine.training.stop import StopRequest
from engine.training.store import NoStore
from engine.training.watcher import Silent
from tests.training.toy import ToyModel, toy_recipe, toy_system

GIVEN = {"device", "system", "recipe", "order", "store", "watcher", "stop", "ranks"}
"""What a loop is given: parts of the system's and the device's are saved by their own names."""
NOT_SAVED = {
    "breach": "a run that a guard ended is gone on with from before",
    "clock": "a pure function of the recipe",
    "_evaluation_seconds": "how long the last evaluation took, for what is shown",
    "_described": "units that an event has described already, for shorter events",
    "log": "the time of the last log line, for the pace that is shown",
    "sampler": "writes samples, and remembers nothing",
    "loaded": "what was loaded before step 1, which is compared there",
}
NOT_SAVED_OF_STEPPER = {
    "_recipe": "given",
    "_length": "given",
    "_ranks": "given",
    "_optimized": "the optimizers, which the stepper saves",
    "is_compiling": "whether a step was done since it was built",
    "_norms": "the batch norms of the networks, whose statistics are buffers",
    "_had_a_share": "whose gradients can be asked for: gradients are not saved",
}


def make_loop(seed: int) -> Loop:
    recipe = toy_recipe(
        model=ToyModel(adversary=True),
        ema_decay=0.9,
        guard={"eval/error": (Guard(plateau_steps=1000),)},
        log_every_steps=4,
    )
    torch.manual_seed(seed)
    system = toy_system(recipe)
    return Loop(
        device=make_device(Hardware(device="cpu", num_threads=1), "fp32"),
        system=system,
        recipe=recipe,
        order=Order(system.train_clips.lengths, recipe.training.batch_size, seed=1),
        store=NoStore(Path("nowhere")),
        watcher=Silent(),
        stop=StopRequest(),
    )


def trained(seed: int = 0, steps: int = 7) -> Loop:
    """A loop after its evaluations and some steps, of which not all are logged yet."""
    loop = make_loop(seed)
    loop.position.schedule_from = 3
    loop.position.data_from = 2
    loop.begin("parent")
    stream = loop.batches()
    loop.system.module.train()
    for _ in range(steps):
        loop.advance(next(stream))
    stream.close()
    return loop


def plain(value):
    """A state in values that can be compared."""
    if isinstance(value, torch.Tensor):
        return value.tolist()
    if attrs.has(type(value)):
        return plain(attrs.asdict(value, recurse=False))
    if isinstance(value, dict):
        return {str(name): plain(inner) for name, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, list | tuple) else value


def states_of(loop):
    """The state of every part."""
    return {name: plain(part.state()) for name, part in loop.parts().items()}


def test_every_attribute_of_the_loop_is_saved_or_said_not_to_change():
    loop = make_loop(0)
    parts = list(loop.parts().values())
    owned = {a.name: getattr(loop, a.name) for a in attrs.fields(Loop) if a.name not in GIVEN}
    forgotten = {name for name, one in owned.items() if not any(one is part for part in parts)}
    assert forgotten == NOT_SAVED.keys()
    owned = vars(loop.stepper)
    forgotten = {name for name, one in owned.items() if not any(one is part for part in parts)}
    assert forgotten == NOT_SAVED_OF_STEPPER.keys()
    assert loop.device in parts


def test_every_part_is_saved_and_restored(tmp_path):
    loop = trained()
    write_checkpoint(loop.checkpoint(), tmp_path / "checkpoint")
    before = states_of(loop)
    fresh = make_loop(seed=1)
    alike = [name for name, state in states_of(fresh).items() if state == before[name]]
    # The first has a state on a GPU alone, in fp16; of the toy nothing is asked.
    assert alike == ["precision", "probes"]
    fresh.restore(read_checkpoint(tmp_path / "checkpoint"))
    assert states_of(fresh) == before


def test_a_restored_loop_goes_on_as_the_undisturbed_one():
    whole = states_of(trained(steps=11))
    saved = trained(steps=7).checkpoint()
    halves = make_loop(seed=1)
    halves.restore(saved)
    stream = halves.batches()
    halves.system.module.train()
    for _ in range(4):
        halves.advance(next(stream))
    stream.close()
    assert states_of(halves) == whole
