"""What the schema calls harmless changes no bit of the weights: every such key is tried."""

import attrs
import pytest
import torch

from engine.recipe import recipe_identity
from engine.recipe.judgement import Expectation, Guard, Samples, Verdict
from engine.recipe.params import Hardware
from engine.recipe.schema import Recipe
from engine.recipe.training import Training
from engine.system_support.discovery import recipe_classes
from engine.training.devices import make_device
from engine.training.loop import Loop
from engine.training.order import Order
from engine.training.stop import StopRequest
from engine.training.store import NoStore
from engine.training.watcher import Silent
from tests.training.toy import ToyModel, toy_recipe, toy_system

OTHER = {
    "summary": "another",
    "upstream": "another",
    "guard": {"eval/error": (Guard(above=100.0, action="warn"),)},
    "expect": {"eval/error": Expectation(steps=(4,), low=(0.0,))},
    "verdict": Verdict(metric="eval/error", cuts=(), keep=("toy",), say=("so",)),
    "samples": Samples(num_clips=1, every="step:2"),
    "training.checkpoint_every": "step:1",
    "training.keep_every": "step:1",
    "training.log_every_steps": 1,
}
"""Another value of each harmless key than that of `trained`."""


def harmless(table, path=""):
    """The paths of a table's own harmless keys, and those of [training]."""
    found = {f"{path}{one.name}" for one in attrs.fields(table) if not one.metadata["identity"]}
    return found | (harmless(Training, "training.") if table is not Training else set())


def changed(recipe, path):
    if path.startswith("training."):
        key = path.removeprefix("training.")
        return attrs.evolve(recipe, training=attrs.evolve(recipe.training, **{key: OTHER[path]}))
    return attrs.evolve(recipe, **{path: OTHER[path]})


def recipe():
    settings = {"steps": 6, "evaluate_every": "step:3", "log_every_steps": 3, "ema_decay": 0.9}
    return toy_recipe(model=ToyModel(adversary=True), **settings)


def order_of(system, training):
    lengths, parts = system.train_clips.lengths, training.num_micro_batches
    return Order(lengths, training.batch_size, seed=1, num_parts=parts)


def trained(recipe, place):
    torch.manual_seed(0)
    system = toy_system(recipe)
    loop = Loop(
        device=make_device(Hardware(device="cpu", num_threads=1), "fp32"),
        system=system,
        recipe=recipe,
        order=order_of(system, recipe.training),
        store=NoStore(place),
        watcher=Silent(),
        stop=StopRequest(),
    )
    loop.begin("untrained")
    assert loop.run() == "finished"
    return {
        **system.module.state_dict(),
        **{f"average of {n}": w for n, w in loop.average.weights.items()},
    }


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return trained(recipe(), tmp_path_factory.mktemp("plain"))


def test_every_harmless_key_is_tried():
    assert harmless(Recipe) == OTHER.keys()
    own = {key for system in recipe_classes().values() for key in harmless(system)}
    # Spoken by the weights that are evaluated, and written of them.
    assert own - OTHER.keys() == {"speech", "export"}


@pytest.mark.parametrize("path", OTHER)
def test_a_harmless_key_changes_neither_identity_nor_weights(path, weights, tmp_path):
    other = changed(recipe(), path)
    assert other != recipe()
    assert recipe_identity(other, seed=1) == recipe_identity(recipe(), seed=1)
    found = trained(other, tmp_path)
    assert all(torch.equal(found[name], value) for name, value in weights.items())


@pytest.mark.parametrize(
    "change", [{"batch_size": 4}, {"ema_decay": 0.05}, {"num_micro_batches": 2}, {"steps": 7}]
)
def test_a_key_that_changes_weights_changes_the_identity(change, weights, tmp_path):
    other = attrs.evolve(recipe(), training=attrs.evolve(recipe().training, **change))
    assert recipe_identity(other, seed=1) != recipe_identity(recipe(), seed=1)
    found = trained(other, tmp_path)
    assert not all(torch.equal(found[name], value) for name, value in weights.items())
