"""Runs in several processes: the same figures as in one, one set of files, one end."""

import os
import signal
import time
from functools import partial
from pathlib import Path
from types import MethodType

import pytest
import torch
from attrs import evolve
from safetensors.torch import load_file
from torch import nn

from engine.errors import UserError
from engine.recipe.judgement import Guard
from engine.tracking.events import parse_event, read_events
from engine.training import data_parallel
from engine.training.data_parallel import DataParallel
from engine.training.devices import Device
from engine.training.ranks import ALONE
from engine.training.spread import whole
from engine.training.system import Terms, TrainingModule, Turn
from tests.training.faults import result
from tests.training.toy import ToyClips, build_toy, toy_recipe, toy_system
from tests.training.train_ranks import (
    build_steady,
    children,
    finish_ranks,
    in_ranks,
    is_alive,
    last_stop,
    launch,
    rank_of,
    start_below_launcher,
    start_ranks,
)
from tests.training.train_toy import finish, start, wait_for_step
from tests.training.waiting_toy import build_waiting, wait_until_it_waits

STEADY = {"build": build_steady, "num_micro_batches": 2, "epochs": 2}


def losses(folder):
    (log,) = folder.glob("runs/toy/*/model/events.jsonl")
    return {event.step: event.metrics for event in read_events(log) if event.kind == "train"}


def weights(folder):
    return load_file(folder / "models/toy/checkpoints/last/weights.safetensors")


def join(processes):
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes]


def assert_alike(one, two):
    of_one, of_two = losses(one), losses(two)
    assert of_one.keys() == of_two.keys()
    for step, metrics in of_one.items():
        assert of_two[step] == pytest.approx(metrics, rel=1e-4, abs=1e-6)
    for name, tensor in weights(one).items():
        assert torch.allclose(tensor, weights(two)[name], rtol=1e-4, atol=1e-6), name


@pytest.fixture(scope="module")
def launched(tmp_path_factory):
    """Command lines that start their processes themselves, begun at the same time."""
    folders = {name: tmp_path_factory.mktemp(name) for name in ("stopped", "broken")}
    runs = {name: (path, launch(path, seconds=0.1, epochs=1000)) for name, path in folders.items()}
    yield runs
    for _, process in runs.values():
        process.kill()
        process.communicate()


def test_ctrl_c_to_a_command_saves_once_and_ends_every_process_it_started(launched):
    folder, process = launched["stopped"]
    wait_for_step(folder, 4)
    started = children(process)
    assert len(started) == 2
    os.kill(process.pid, signal.SIGINT)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 130, said
    assert not any(map(is_alive, started))
    assert last_stop(folder) == "interrupted"


def test_a_process_that_dies_ends_the_run_with_a_sentence(launched):
    folder, process = launched["broken"]
    wait_for_step(folder, 4)
    started = children(process)
    for number in (process.pid, *started):
        assert all(address.startswith("127.") for address in listens_at(number))
    (second,) = (number for number in started if rank_of(number) == "1")
    os.kill(second, signal.SIGKILL)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 2, said
    assert "process 1 ended with code -9" in said
    assert "Traceback" not in said
    assert not any(map(is_alive, started))


def test_processes_whose_launcher_is_killed_save_and_end(tmp_path):
    launcher = start_below_launcher(tmp_path, seconds=0.05, epochs=1000)
    wait_for_step(tmp_path, 4)
    started = children(launcher)
    assert len(started) == 2
    launcher.kill()
    launcher.join()
    for _ in range(300):
        if not any(map(is_alive, started)):
            break
        time.sleep(0.1)
    assert not any(map(is_alive, started))
    assert last_stop(tmp_path) == "interrupted"


def listens_at(process):
    """The addresses at which a process can be reached over a network."""
    links = [entry for entry in Path(f"/proc/{process}/fd").iterdir() if entry.is_symlink()]
    sockets = {link.readlink().name.removeprefix("socket:").strip("[]") for link in links}
    lines = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]
    ]
    addresses = [line[1].split(":")[0] for line in lines if line[3] == "0A" and line[9] in sockets]
    assert all(len(address) in (8, 32) for address in addresses)
    return [".".join(str(byte) for byte in reversed(bytes.fromhex(a))) for a in addresses]


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The same run in one process, with one turn and with two."""
    folders = {}
    for adversary in (False, True):
        folders[adversary] = tmp_path_factory.mktemp("alone")
        finish(folders[adversary], adversary=adversary, **STEADY)
    return folders


@pytest.mark.parametrize("strategy", ["replicate", "shard"])
@pytest.mark.parametrize("adversary", [False, True], ids=["one turn", "two turns"])
def test_two_processes_learn_what_one_learns_from_the_same_batches(
    alone, tmp_path, adversary, strategy
):
    build = build_in_small_groups if adversary else build_steady
    settings = STEADY | {"adversary": adversary, "strategy": strategy, "build": build}
    finish_ranks(tmp_path, **settings)
    assert_alike(alone[adversary], tmp_path)
    assert samples(tmp_path) == exports(tmp_path)


def samples(folder):
    return plain(torch.load(folder / "models/toy/samples/final/weights.pth", weights_only=True))


def exports(folder):
    return plain(torch.load(folder / "models/toy/export/weights.pth", weights_only=True))


def plain(tensors):
    return {name: tensor.tolist() for name, tensor in tensors.items()}


def build_in_small_groups(recipe, project, params):
    """The steady toy, of whose modules each is gathered for itself, and one is laid out oddly."""
    data_parallel.MOST_BYTES, data_parallel.LEAST_BYTES = 0, 1
    system = build_steady(recipe, project, params)
    weight = system.module.network[0].weight
    weight.data = weight.data.t().contiguous().t()
    return system


@pytest.mark.parametrize(
    ("first", "then"), [((2, "shard"), (1, "replicate")), ((1, "replicate"), (2, "shard"))]
)
def test_checkpoints_know_neither_strategy_nor_number_of_processes(alone, tmp_path, first, then):
    world, strategy = first
    settings = STEADY | {"adversary": True}
    processes = start_ranks(tmp_path, world, seconds=0.05, strategy=strategy, **settings)
    wait_for_step(tmp_path, 6)
    os.kill(processes[0].pid, signal.SIGTERM)
    assert join(processes) == [130] * world
    world, strategy = then
    finish_ranks(tmp_path, world, strategy=strategy, **settings)
    assert_alike(alone[True], tmp_path)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    finish_ranks(folder, log_every_steps=2)
    return folder


@pytest.fixture(scope="module")
def undisturbed_shards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed_shards")
    finish_ranks(folder, log_every_steps=2, strategy="shard")
    return folder


@pytest.mark.parametrize(
    ("strategy", "whole"), [("replicate", "undisturbed"), ("shard", "undisturbed_shards")]
)
def test_a_signal_to_any_process_stops_all_and_the_run_goes_on_to_the_same_result(
    request, tmp_path, strategy, whole
):
    settings = {"log_every_steps": 2, "strategy": strategy}
    processes = start_ranks(tmp_path, seconds=0.05, **settings)
    wait_for_step(tmp_path, 6)
    os.kill(processes[1].pid, signal.SIGTERM)
    assert join(processes) == [130, 130]
    assert last_stop(tmp_path) == "interrupted"
    finish_ranks(tmp_path, **settings)
    assert result(tmp_path) == result(request.getfixturevalue(whole))


def test_a_signal_to_the_first_process_cuts_its_evaluation_for_all(undisturbed, tmp_path):
    (tmp_path / "wait_in").write_text("evaluate 3")
    processes = start_ranks(tmp_path, log_every_steps=2, build=build_waiting)
    wait_until_it_waits(tmp_path, processes[0])
    os.kill(processes[0].pid, signal.SIGTERM)
    assert join(processes) == [130, 130]
    assert last_stop(tmp_path) == "interrupted"
    (tmp_path / "wait_in").unlink()
    finish_ranks(tmp_path, log_every_steps=2)
    assert result(tmp_path) == result(undisturbed)


def test_another_number_of_processes_goes_on_and_says_so(tmp_path):
    processes = start_ranks(tmp_path, seconds=0.05)
    wait_for_step(tmp_path, 6)
    os.kill(processes[0].pid, signal.SIGTERM)
    assert join(processes) == [130, 130]
    finish(tmp_path)
    assert "the number of processes changed from 2 to 1" in (tmp_path / "said").read_text()


def test_a_number_of_processes_that_makes_another_epoch_does_not_go_on(tmp_path):
    settings = {"build": build_with_one_clip_over, "checkpoint_every": "step:1"}
    processes = start_ranks(tmp_path, seconds=0.05, **settings)
    wait_for_step(tmp_path, 2)
    os.kill(processes[0].pid, signal.SIGTERM)
    assert join(processes) == [130, 130]
    alone = start(tmp_path, **settings)
    assert join([alone]) == [2]
    said = (tmp_path / "error").read_text()
    assert "with 2 process(es), 5 steps an epoch. With 1 it would have 6" in said
    assert "Continue with hardware.num_devices = 2" in said
    assert "add --again to train from the start" in said


def build_with_one_clip_over(recipe, project, params):
    """41 clips: the last batch of an epoch holds one, which two processes cannot share."""
    system = build_toy(recipe, project, params)
    system.train_clips = ToyClips(41, 0)
    return system


def test_only_the_first_process_writes(undisturbed):
    (log,) = undisturbed.glob("runs/toy/*/model/events.jsonl")
    lines = [parse_event(line) for line in log.read_text().splitlines()]
    trained = [event.step for event in lines if event.kind == "train"]
    assert trained == sorted({*range(2, 31, 2), *range(5, 31, 5)})
    (start,) = (event for event in lines if event.kind == "start")
    assert start.facts["machine"]["devices"] == 2
    assert (undisturbed / "said").read_text().count("checks passed") == 1


def test_a_finished_run_is_put_back_by_the_first_process(undisturbed):
    before = result(undisturbed)
    finish_ranks(undisturbed, log_every_steps=2)
    assert result(undisturbed) == before
    assert "already trained" in (undisturbed / "said").read_text()


def test_a_guard_stops_all(tmp_path):
    guard = {"eval/error": (Guard(above=100.0),)}
    assert join(start_ranks(tmp_path, guard=guard)) == [1, 1]
    assert last_stop(tmp_path) == "guard"


def test_a_preflight_that_fails_ends_all(tmp_path):
    assert join(start_ranks(tmp_path, broken="deaf")) == [2, 2]
    assert "not connected" in (tmp_path / "error").read_text()
    assert last_stop(tmp_path) == "preflight"


@pytest.mark.parametrize("rank", [0, 1])
def test_an_error_of_one_process_within_preflight_is_what_is_told(tmp_path, rank):
    build = partial(build_stumbling, rank)
    assert join(start_ranks(tmp_path, build=build, adversary=True)) == [2, 2]
    name = "error_of_1" if rank else "error"
    assert (tmp_path / name).read_text() == "the generator stumbled"


def build_stumbling(rank, recipe, project, params):
    """A system whose second turn fails in one of the processes, once the first has learned."""
    system = build_toy(recipe, project, params)
    generator = system.module.generator

    def stumble(module, batch):
        if torch.is_grad_enabled():
            raise UserError("the generator stumbled")
        return generator(batch)

    if os.environ["RANK"] == str(rank):
        system.module.generator = MethodType(stumble, system.module)
    return system


def test_an_error_of_the_first_process_alone_ends_the_others(tmp_path):
    blocker = start_ranks(tmp_path, seconds=5.0)
    wait_for_step(tmp_path, 1)
    processes = start_ranks(tmp_path)
    assert join(processes) == [2, 2]
    assert "already training" in (tmp_path / "error").read_text()
    for process in blocker:
        process.kill()
    join(blocker)


def test_gradients_are_averaged_and_one_that_is_missing_counts_as_zero(tmp_path):
    in_ranks(average, tmp_path)


class Uneven(TrainingModule):
    """Each process reaches other parameters: one reaches all but one, which none does."""

    def __init__(self):
        super().__init__()
        sizes = {"here": 1, "there": 2, "nowhere": 3}
        self.weights = nn.ParameterDict({n: torch.zeros(2, size) for n, size in sizes.items()})

    def only(self, batch):
        rank = batch["rank"].mean()
        loss = (self.weights["here"] * rank).sum()
        if rank == 0:
            loss = loss + self.weights["there"].sum()
        return Terms({"loss": loss})


def average(folder, ranks):
    torch.use_deterministic_algorithms(True)
    for strategy in ("replicate", "shard"):
        average_with(evolve(ranks, strategy=strategy))


def average_with(ranks):
    module = Uneven()
    system = toy_system(toy_recipe())
    system.module = module
    system.turns = [Turn("only", dict(module.named_parameters()), {"loss": 1.0})]
    networks = DataParallel(system, Device(torch.device("cpu")), ranks)
    for _ in range(2):
        terms = networks.call("only", {"rank": torch.full((4, 1), float(ranks.rank))})
        with networks.gradients_kept_back(kept_back=False):
            terms.losses["loss"].backward()
    (turn,) = networks.turns
    networks.finish_gradients(turn)
    gradients = {n.removeprefix("weights."): p.grad for n, p in turn.parameters.items()}
    assert whole(gradients["here"]).tolist() == [[1.0], [1.0]]
    assert whole(gradients["there"]).tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert gradients["nowhere"] is None
    assert networks.silent_parameters(turn) == ["weights.nowhere"]


def test_weights_begin_alike_and_chance_does_not(tmp_path):
    in_ranks(begin, tmp_path)


def begin(folder, ranks):
    for strategy in ("replicate", "shard"):
        begin_with(evolve(ranks, strategy=strategy))


def begin_with(ranks):
    torch.manual_seed(100 + ranks.rank)
    system = toy_system(toy_recipe())
    torch.manual_seed(7)
    networks = DataParallel(system, Device(torch.device("cpu")), ranks)
    first, second = ranks.gather(plain(networks.state().tensors))
    assert first == second
    draws = ranks.gather(torch.rand(4).tolist())
    assert draws[0] != draws[1]
    clips = torch.randn(4, 4) + ranks.rank
    networks.call("denoiser", {"noisy": clips, "clean": clips})
    networks.finish_step()
    means = ranks.gather(networks.module.network[1].running_mean.tolist())
    assert means[0] == means[1] != [0.0] * 8


def test_alone_everything_is_ones_own():
    assert ALONE.mean(torch.ones(2)).tolist() == [1.0, 1.0]
    assert ALONE.from_first(lambda: 3) == 3
    assert ALONE.gather(4) == [4]
    assert ALONE.largest([5]) == [5]
