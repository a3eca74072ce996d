"""The language model in processes that shard it: what one learns, from each other's checkpoints."""

import gc
import json
import shutil
from pathlib import Path

import pytest
import torch
from attrs import evolve

from engine.project import Project
from engine.recipe import load_params
from engine.runs.run import Run
from engine.system_support.build import build_system
from engine.systems.codec_lm.data.dataset import CloningClips
from engine.systems.codec_lm.recipe import Adapters, Speech
from engine.tracking.events import read_events
from engine.training.checkpoint import read_checkpoint
from engine.training.spread import local
from tests.systems.stops_at import StopsAt
from tests.training.train_ranks import be_rank, free_port
from tests.training.train_toy import start_other


def with_fixed_references(self, indices, random):
    """Nothing is drawn but the order of clips."""
    return self.evaluated(indices)


def train(recipe, root, rank, world, port, stop_at):
    be_rank(rank, world, port)
    CloningClips.batch = with_fixed_references
    project = Project(root)
    params = load_params(project.params)
    hardware = evolve(params.hardware, num_devices=world, strategy="shard")
    params = evolve(params, hardware=hardware)
    run = Run(recipe, project, params, build_system, StopsAt(stop_at))
    run.train()
    held = {"learned": 0, "moments": 0}
    for one in gc.get_objects():
        if isinstance(one, torch.optim.AdamW):
            learned = [p for group in one.param_groups for p in group["params"]]
            held["learned"] = sum(local(p).nbytes for p in learned)
            moments = [state["exp_avg"] for state in one.state.values()]
            held["moments"] = 2 * sum(local(moment).nbytes for moment in moments)
    (root / f"held_{world}_{rank}.json").write_text(json.dumps(held))


def trained(recipe, root: Path, world: int, stop_at: int | None = None):
    """Train, or go on; the losses of the steps so far and what each process holds."""
    port = free_port()
    processes = [
        start_other(train, recipe, root, rank, world, port, stop_at) for rank in range(world)
    ]
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * world
    held = [json.loads((root / f"held_{world}_{rank}.json").read_text()) for rank in range(world)]
    return held


def losses(root: Path):
    (log,) = root.glob("runs/small/*/model/events.jsonl")
    return [event.metrics["train/audio_ce"] for event in read_events(log) if event.kind == "train"]


def weights(root: Path):
    return read_checkpoint(root / "models/small/checkpoints/last").weights


@pytest.mark.parametrize("adapters", [None, Adapters(rank=4)], ids=["all weights", "adapters"])
@pytest.mark.parametrize("worlds", [(2, 1), (1, 2)], ids=["two, then one", "one, then two"])
def test_processes_that_shard_learn_what_one_learns_and_go_on_from_each_others_checkpoints(
    voices_project, make_recipe, tmp_path, worlds, adapters
):
    recipe = evolve(
        make_recipe(steps=6, checkpoint_every="step:3"),
        speech=Speech(num_clips=0),
        adapters=adapters,
    )
    for name in ("alone", "mixed"):
        shutil.copytree(voices_project.root, tmp_path / name)
    trained(recipe, tmp_path / "alone", 1)
    first, then = worlds
    trained(recipe, tmp_path / "mixed", first, 3)
    trained(recipe, tmp_path / "mixed", then)
    expected = losses(tmp_path / "alone")
    assert len(expected) == 6
    assert losses(tmp_path / "mixed") == pytest.approx(expected, rel=1e-4)
    ours, theirs = weights(tmp_path / "alone"), weights(tmp_path / "mixed")
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        torch.testing.assert_close(tensor, theirs[name], rtol=1e-3, atol=1e-4, msg=name)
