"""A run that goes on with other sums says so: the same bits need the same threads and CPU."""

import pytest
import torch

from engine.training import devices
from tests.training.test_state import make_loop, trained


@pytest.fixture
def said(monkeypatch):
    """What a loop says that is restored from a checkpoint of one thread here."""

    def restore(num_threads=1):
        saved = trained(steps=2).checkpoint()
        fresh, said = make_loop(seed=1), []
        monkeypatch.setattr(fresh.watcher, "say", said.append)
        torch.set_num_threads(num_threads)
        fresh.restore(saved)
        return said

    yield restore
    torch.set_num_threads(1)


def test_nothing_is_said_where_a_run_goes_on_as_it_was(said):
    assert said() == []


def test_another_number_of_threads_is_said(said):
    (sentence,) = said(num_threads=2)
    assert "not bit-identical: number of threads was 1, is 2" in sentence


@pytest.mark.parametrize(
    ("name", "words"), [("ONEDNN_MAX_CPU_ISA", "oneDNN's instructions was NONE, is AVX2")]
)
def test_fewer_instructions_of_onednn_are_said(said, monkeypatch, name, words):
    saved = trained(steps=2).checkpoint()
    fresh, heard = make_loop(seed=1), []
    monkeypatch.setattr(fresh.watcher, "say", heard.append)
    monkeypatch.setenv(name, "avx2")
    fresh.restore(saved)
    assert words in heard[0]


def test_another_cpu_is_said(monkeypatch):
    saved = trained(steps=2).checkpoint()
    fresh, heard = make_loop(seed=1), []
    monkeypatch.setattr(fresh.watcher, "say", heard.append)
    monkeypatch.setattr(devices.torch.backends.cpu, "get_cpu_capability", lambda: "DEFAULT")
    fresh.restore(saved)
    assert "CPU instructions was" in heard[0]
    assert "is DEFAULT" in heard[0]
