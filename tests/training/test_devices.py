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
