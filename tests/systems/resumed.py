"""A run that is stopped and gone on with, held against one that is not."""

import torch

from engine.training.checkpoint import read_checkpoint
from tests.systems.stops_at import StopsAt


def ends_alike(train, recipe, tmp_path):
    """The undisturbed run's last checkpoint, which weights, averages and figures of both equal.

    `train(name, recipe, watcher)` trains a recipe called 'small' in the folder of that name.
    """
    assert train("whole", recipe, StopsAt()).ending == "finished"
    assert train("stopped", recipe, StopsAt(5)).ending == "interrupted"
    assert train("stopped", recipe, StopsAt()).ending == "finished"
    whole, stopped = (
        read_checkpoint(tmp_path / name / "models/small/checkpoints/last")
        for name in ("whole", "stopped")
    )
    assert whole.weights.keys() == stopped.weights.keys()
    assert all(torch.equal(whole.weights[n], stopped.weights[n]) for n in whole.weights)
    assert all(torch.equal(whole.average[n], stopped.average[n]) for n in whole.average)
    metrics = [
        (tmp_path / name / "metrics/small.json").read_bytes() for name in ("whole", "stopped")
    ]
    assert metrics[0] == metrics[1]
    return whole
