import pytest
import torch

from engine.errors import UserError
from engine.recipe.params import Hardware
from engine.training.devices import describe, make_device


def test_a_cpu_is_used_where_there_is_no_gpu_and_the_threads_are_those_of_params():
    before = torch.get_num_threads()
    device = make_device(Hardware(device="cpu", num_threads=1), "fp32")
    try:
        assert describe(device)["threads"] == 1
        assert str(describe(device)["device"]).startswith("cpu: ")
    finally:
        torch.set_num_threads(before)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused():
    with pytest.raises(UserError, match=r"hardware\.device"):
        make_device(Hardware(device="cuda", num_threads=1), "fp32")


def test_fp16_on_a_cpu_is_refused_with_what_to_choose():
    with pytest.raises(UserError, match="'fp32' or 'bf16'"):
        make_device(Hardware(device="cpu", num_threads=1), "fp16")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_cpu_serves_every_process_of_a_run():
    before = torch.get_num_threads()
    try:
        device = make_device(Hardware(device="auto", num_threads=1, num_devices=2), "fp32", place=1)
        assert describe(device, 2)["devices"] == 2
    finally:
        torch.set_num_threads(before)


@pytest.fixture
def gpus(monkeypatch):
    """Pretends that so many GPUs are visible; what is chosen among them is recorded."""
    chosen = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    for name in ("CUDA_VISIBLE_DEVICES", "TORCHELASTIC_RUN_ID"):
        monkeypatch.delenv(name, raising=False)

    def take(visible, place, **environment):
        monkeypatch.setattr(torch.cuda, "device_count", lambda: visible)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        make_device(Hardware(device="auto", num_threads=torch.get_num_threads()), "fp32", place)
        return chosen[-1]

    return take


def test_a_task_takes_the_gpu_of_its_number_or_the_only_one_that_slurm_shows_it(gpus):
    assert gpus(8, 3) == gpus(8, 3, CUDA_VISIBLE_DEVICES="0,1,2,3,4,5,6,7") == 3
    assert gpus(1, 3, CUDA_VISIBLE_DEVICES="3") == 0


@pytest.mark.parametrize(
    "environment", [{}, {"CUDA_VISIBLE_DEVICES": "0", "TORCHELASTIC_RUN_ID": "demo"}]
)
def test_processes_of_one_environment_do_not_share_a_gpu(gpus, environment):
    with pytest.raises(UserError, match=r"Process 1 .* --gpus-per-task=1 or --gpus-per-node"):
        gpus(1, 1, **environment)
