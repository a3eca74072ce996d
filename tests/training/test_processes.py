"""Which processes train a run: what params.toml says, and what torchrun or SLURM say."""

from functools import partial

import pytest

from engine.errors import UserError
from engine.recipe.params import Hardware
from engine.recipe.training import Training
from engine.training.processes import environment, num_processes, require_equal_parts


@pytest.mark.parametrize(
    ("batch_size", "micro", "fits"), [(8, 1, True), (8, 2, True), (9, 1, False), (6, 2, False)]
)
def test_a_batch_that_cannot_be_shared_out_is_refused(batch_size, micro, fits):
    training = Training(epochs=1, batch_size=batch_size, num_micro_batches=micro, best="eval/error")
    require_equal_parts(training, 1)
    if fits:
        require_equal_parts(training, 2)
        return
    with pytest.raises(UserError, match=f"multiple of {2 * micro}"):
        require_equal_parts(training, 2)


def test_the_number_of_processes_that_fits_is_named_where_it_is_set(monkeypatch):
    training = Training(epochs=1, batch_size=72, best="eval/error")
    with pytest.raises(UserError, match=r"set hardware\.num_devices = 12 in params\.toml"):
        require_equal_parts(training, 16)
    monkeypatch.setenv("WORLD_SIZE", "16")
    with pytest.raises(UserError, match="start 12 processes, over all machines, instead"):
        require_equal_parts(training, 16)
    with pytest.raises(UserError, match="start 1 process, over all machines, instead"):
        require_equal_parts(Training(epochs=1, batch_size=7, best="eval/error"), 2)


def test_torchrun_and_params_must_not_contradict_each_other(monkeypatch):
    several = partial(Hardware, device="cpu", num_threads=1)
    assert num_processes(several(num_devices=3)) == 3
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UserError, match="MASTER_ADDR, MASTER_PORT, RANK are not set"):
        num_processes(several())
    for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.setenv(name, "0")
    assert num_processes(several()) == num_processes(several(num_devices=2)) == 2
    with pytest.raises(UserError, match="torchrun starts 2 processes"):
        num_processes(several(num_devices=3))


def test_processes_that_slurm_started_know_each_other(monkeypatch):
    assert "RANK" not in environment()
    given = {
        "SLURM_STEP_NUM_TASKS": "4",
        "SLURM_PROCID": "3",
        "SLURM_LOCALID": "1",
        "SLURM_STEP_NODELIST": "gpu[03-05,09],cpu1",
        "SLURM_JOB_ID": "41234",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert num_processes(Hardware(device="cpu", num_threads=1)) == 4
    found = environment()
    assert (found["RANK"], found["LOCAL_RANK"], found["MASTER_ADDR"]) == ("3", "1", "gpu03")
    monkeypatch.setenv("SLURM_STEP_NODELIST", "alone-1")
    assert environment()["MASTER_ADDR"] == "alone-1"
