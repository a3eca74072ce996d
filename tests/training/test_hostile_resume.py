"""A checkpoint with right checksums and wrong content ends a run in a sentence: real processes."""

import hashlib
import json
import os
import signal

import pytest
import torch

from tests.training.train_toy import start, wait_for_step


class Evil:
    """A pickle that would make a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.system, (f"touch {self.path}",))


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stopped")
    process = start(folder, seconds=0.05)
    wait_for_step(folder, 8)
    os.kill(process.pid, signal.SIGTERM)
    process.join(60)
    return folder


@pytest.mark.parametrize("content", ["nothing", "text", "lists", "evil"])
def test_a_state_of_another_form(stopped, content):
    owned = stopped / "owned"
    keys = ("turns", "random", "meter", "precision", "guards", "record")
    contents = {
        "nothing": {},
        "text": {"turns": "x"},
        "lists": {key: [] for key in keys},
        "evil": {"turns": Evil(owned)},
    }
    for folder in stopped.glob("runs/toy/*/checkpoints/step_*"):
        torch.save(contents[content], folder / "optimizers.pt")
        sums = json.loads((folder / "checksums.json").read_text())
        digest = hashlib.sha256((folder / "optimizers.pt").read_bytes()).hexdigest()
        (folder / "checksums.json").write_text(json.dumps(sums | {"optimizers.pt": digest}))
    process = start(stopped)
    process.join(60)
    assert process.exitcode == 2
    assert "checkpoint" in (stopped / "error").read_text().lower()
    assert not owned.exists()
