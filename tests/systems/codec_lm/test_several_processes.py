"""The language model in processes that shard it: what one learns, from each other's checkpoints."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from attrs import evolve
from torch.optim.optimizer import register_optimizer_step_post_hook

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
    register_optimizer_step_post_hook(note_what_is_held)
    Run(recipe, project, params, build_system, StopsAt(stop_at)).train()
    (root / f"held_{world}_{rank}.json").write_text(json.dumps(HELD))


HELD: dict[str, int] = {}
"""Bytes of learned weights and of their moments in this process, after its last step."""


def note_what_is_held(optimizer, *_):
    learned = [p for group in optimizer.param_groups for p in group["params"]]
    moments = [state["exp_avg"] for state in optimizer.state.values()]
    HELD["learned"] = sum(local(p).nbytes for p in learned)
    HELD["moments"] = 2 * sum(local(moment).nbytes for moment in moments)


def trained(recipe, root: Path, world: int, stop_at: int | None = None):
    """Train, or go on; what each process holds, by name, in bytes."""
    port = free_port()
    processes = [
        start_other(train, recipe, root, rank, world, port, stop_at) for rank in range(world)
    ]
    for process in processes:
        process.join(240)
    assert [process.exitcode for process in processes] == [0] * world
    return [json.loads((root / f"held_{world}_{rank}.json").read_text()) for rank in range(world)]


def losses(root: Path):
    (log,) = root.glob("runs/small/*/model/events.jsonl")
    return [event.metrics["train/audio_ce"] for event in read_events(log) if event.kind == "train"]


def weights(root: Path):
    return read_checkpoint(root / "models/small/checkpoints/last").weights


@pytest.mark.parametrize(
    ("worlds", "adapters"),
    [((2, 1), Adapters(rank=4)), ((1, 2), None)],
    ids=["two, then one, adapters", "one, then two, all weights"],
)
def test_processes_that_shard_learn_what_one_learns_and_go_on_from_each_others_checkpoints(
    voices_project, make_recipe, tmp_path, worlds, adapters
):
    recipe = evolve(
        make_recipe(
            dataset={"eval_share": 0.2, "num_seen_clips": 4}, steps=6, checkpoint_every="step:3"
        ),
        speech=Speech(num_clips=0),
        adapters=adapters,
    )
    for name in ("alone", "mixed"):
        shutil.copytree(voices_project.root, tmp_path / name)
    held = {1: trained(recipe, tmp_path / "alone", 1)}
    first, then = worlds
    held[first] = trained(recipe, tmp_path / "mixed", first, 3)
    held[then] = trained(recipe, tmp_path / "mixed", then)
    (whole,) = held[1]
    for part in held[2]:
        for name, num_bytes in whole.items():
            assert part[name] < 0.6 * num_bytes, name
    expected = losses(tmp_path / "alone")
    assert len(expected) == 6
    assert losses(tmp_path / "mixed") == pytest.approx(expected, rel=1e-4)
    ours, theirs = weights(tmp_path / "alone"), weights(tmp_path / "mixed")
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        torch.testing.assert_close(tensor, theirs[name], rtol=1e-3, atol=1e-4, msg=name)
