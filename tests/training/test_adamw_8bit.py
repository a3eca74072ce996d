"""AdamW with moments of a byte each: torchao's own, in real steps, on the CPU."""

import sys
from copy import deepcopy
from pathlib import Path

import pytest
import torch
from torch import nn

from engine.errors import UserError
from engine.recipe.optimizers import AdamW, AdamW8bit
from engine.training.optimizers import build_optimizer
from engine.training.safe_load import load_state
from tests.training.train_ranks import be_rank, free_port
from tests.training.train_toy import start_other

pytest.importorskip("torchao", reason="the extra cantus[8bit] is not installed")

TABLE = AdamW8bit(learning_rate=1e-3)


def network(dtype=torch.float32):
    """One tensor in blocks of 256, others too small or without whole blocks in a row."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(512, 24), nn.GELU(), nn.Linear(24, 40)).to(dtype)


def optimizer(made, table=TABLE):
    return build_optimizer(table, dict(made.named_parameters()))


def train(made, using, steps):
    """Steps on inputs of these numbers; the losses."""
    losses = []
    for step in steps:
        inputs = torch.randn(8, 512, generator=torch.Generator().manual_seed(step))
        loss = made(inputs.to(made[0].weight.dtype)).float().square().mean()
        using.zero_grad()
        loss.backward()
        using.step()
        losses.append(loss.item())
    return losses


def saved_and_read(state, folder: Path):
    torch.save(state, folder / "optimizers.pt")
    return load_state(folder / "optimizers.pt")


def test_moments_take_a_byte_and_learn_what_whole_ones_learn():
    made, other = network(), network()
    small, whole = optimizer(made), optimizer(other, AdamW(learning_rate=1e-3))
    losses, expected = train(made, small, range(20)), train(other, whole, range(20))
    assert losses[-1] < losses[0]
    assert losses == pytest.approx(expected, rel=0.02)
    moments = small.state_dict()["state"][0]
    assert moments["exp_avg_codes"].dtype == torch.uint8
    assert moments["exp_avg_codes"].shape == made[0].weight.shape
    assert moments["exp_avg_scales"].shape == (24, 2)
    assert small.state_dict()["state"][2]["exp_avg"].dtype == torch.float32


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_run_goes_on_from_a_checkpoint_bit_for_bit(dtype, tmp_path):
    made = network(dtype)
    using = optimizer(made)
    train(made, using, range(3))
    weights, chance = deepcopy(made.state_dict()), torch.get_rng_state()
    state = saved_and_read(using.state_dict(), tmp_path)
    expected = train(made, using, range(3, 6))
    again = network(dtype)
    again.load_state_dict(weights)
    other = optimizer(again)
    other.load_state_dict(state)
    torch.set_rng_state(chance)
    assert train(again, other, range(3, 6)) == expected
    for one, two in zip(made.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, two)


def test_updates_that_bf16_cannot_hold_are_rounded_by_chance_and_not_lost():
    """1 - 1e-4 is nearer to 1 than to the next smaller number, by much."""
    weight = nn.Parameter(torch.ones(64, 256, dtype=torch.bfloat16))
    table = AdamW8bit(learning_rate=1e-4, weight_decay=0.0)
    using = build_optimizer(table, {"weight": weight})
    torch.manual_seed(0)
    for _ in range(20):
        weight.grad = torch.ones_like(weight)
        using.step()
    assert float(weight.detach().float().mean()) == pytest.approx(1 - 20e-4, abs=2e-4)


def test_whole_moments_of_another_run_are_taken_over():
    made, other = network(), network()
    whole, small = optimizer(made, AdamW(learning_rate=1e-3)), optimizer(other)
    train(made, whole, range(3))
    other.load_state_dict(made.state_dict())
    small.load_state_dict(whole.state_dict())
    assert train(other, small, range(3, 6)) == pytest.approx(
        train(made, whole, range(3, 6)), rel=0.01
    )


def test_moments_of_other_tensors_are_refused():
    made = network()
    using = optimizer(made)
    train(made, using, range(1))
    other = nn.Sequential(nn.Linear(256, 24), nn.GELU(), nn.Linear(24, 40))
    with pytest.raises(ValueError, match=r"no moments of a tensor \(24, 256\)"):
        optimizer(other).load_state_dict(using.state_dict())


def test_without_torchao_the_way_out_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchao.optim", None)
    monkeypatch.delitem(sys.modules, "engine.training.adamw_8bit", raising=False)
    with pytest.raises(UserError, match=r"pip install 'cantus\[8bit\]'"):
        optimizer(network())


# ---- several processes ----


def train_spread(rank, world, port, folder: Path, steps, state):
    """Train the network, its rows spread over processes; leave its weights and moments."""
    be_rank(rank, world, port)
    import torch.distributed as dist
    from torch.distributed.fsdp import fully_shard

    from engine.training.spread import whole_values

    torch.set_num_threads(1)
    dist.init_process_group("gloo", rank=rank, world_size=world)
    made = network()
    if state is not None:
        made.load_state_dict(state["weights"])
    fully_shard(made)
    using = optimizer(made)
    if state is not None:
        using.load_state_dict(state["moments"])
    train(made, using, steps)
    left = {
        "weights": whole_values(made.state_dict()),
        "moments": whole_values(using.state_dict()),
    }
    if rank == 0:
        torch.save(left, folder / "left.pt")
    dist.destroy_process_group()


def spread(folder: Path, steps, state=None):
    """What two processes left."""
    port = free_port()
    processes = [
        start_other(train_spread, rank, 2, port, folder, steps, state) for rank in range(2)
    ]
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0]
    return load_state(folder / "left.pt")


def alone(steps, state=None):
    """What one process has after these steps."""
    made = network()
    using = optimizer(made)
    if state is not None:
        made.load_state_dict(state["weights"])
        using.load_state_dict(state["moments"])
    train(made, using, steps)
    return {"weights": made.state_dict(), "moments": using.state_dict()}


def require_alike(one, other):
    assert one["weights"].keys() == other["weights"].keys()
    for name, value in one["weights"].items():
        torch.testing.assert_close(value, other["weights"][name], rtol=1e-4, atol=1e-5)
    for ours, theirs in zip(
        one["moments"]["state"].values(), other["moments"]["state"].values(), strict=True
    ):
        assert ours.keys() == theirs.keys()
        assert {n: v.shape for n, v in ours.items()} == {n: v.shape for n, v in theirs.items()}


def test_two_processes_that_shard_learn_what_one_learns_and_go_on_with_its_moments(tmp_path):
    require_alike(spread(tmp_path, range(3)), alone(range(3)))
    whole = alone(range(6))
    require_alike(spread(tmp_path, range(3, 6), alone(range(3))), whole)
    require_alike(alone(range(3, 6), spread(tmp_path, range(3))), whole)
