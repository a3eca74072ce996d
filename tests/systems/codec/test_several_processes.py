"""A codec that learns in several processes: the same losses and weights as in one."""

import shutil
from pathlib import Path

import pytest
from attrs import evolve

from engine.project import Project
from engine.recipe import load_params
from engine.runs.run import Run
from engine.system_support.build import build_system
from engine.tracking.events import read_events
from engine.training.checkpoint import read_checkpoint
from engine.training.watcher import Silent
from tests.training.train_ranks import be_rank, free_port
from tests.training.train_toy import start_other


def train(recipe, root, rank, world, port, strategy):
    be_rank(rank, world, port)
    project = Project(root)
    params = load_params(project.params)
    params = evolve(params, hardware=evolve(params.hardware, num_devices=world, strategy=strategy))
    Run(recipe, project, params, build_system, Silent()).train()


def trained(recipe, root: Path, world: int, strategy: str):
    port = free_port()
    processes = [
        start_other(train, recipe, root, rank, world, port, strategy) for rank in range(world)
    ]
    for process in processes:
        process.join(400)  # two processes beside another test share two cores
    assert [process.exitcode for process in processes] == [0] * world
    (log,) = root.glob("runs/small/*/model/events.jsonl")
    steps = [event.metrics for event in read_events(log) if event.kind == "train"]
    return steps, read_checkpoint(root / "models/small/checkpoints/last").weights


def test_two_processes_have_the_losses_of_one_with_the_same_global_batch(
    speech, make_codec_recipe, tmp_path
):
    recipe = make_codec_recipe(  # crops of whole clips: nothing is drawn but their order; and few
        # steps, for where two codes are as near rounding chooses, and the other code has effects
        dataset={"segment_seconds": 0.8},
        discriminator={"starts_at_step": 1},
        steps=2,
    )
    recipe = evolve(recipe, model=evolve(recipe.model, quantizer_dropout=0.0))
    for world in (1, 2):
        shutil.copytree(speech.root, tmp_path / str(world))
    steps, weights = trained(recipe, tmp_path / "1", 1, "replicate")
    steps_of_two, weights_of_two = trained(recipe, tmp_path / "2", 2, "shard")
    terms = {f"train/generator/{term}" for term in recipe.generator_weights}
    losses = terms | {"train/discriminator/discriminator"}
    assert len(steps) == 2
    for one, two in zip(steps, steps_of_two, strict=True):
        assert {n: two[n] for n in losses & two.keys()} == pytest.approx(
            {n: one[n] for n in losses & one.keys()}, rel=1e-4
        )
    assert losses <= steps[-1].keys()
    for name, tensor in weights.items():  # the mean: AdamW moves a weight whose gradient is nearly
        # zero by the learning rate, 1e-3, in the direction that rounding chooses
        assert (tensor - weights_of_two[name]).abs().mean() < 2e-5, name
