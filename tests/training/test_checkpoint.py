import os
import stat
from pathlib import Path

import pytest
import torch

from engine.errors import UserError
from engine.training.checkpoint import (
    Checkpoint,
    find_damage,
    newest_checkpoint,
    prune,
    read_checkpoint,
    write_checkpoint,
)


def checkpoint(step):
    generator = torch.Generator().manual_seed(step)
    weights = {"layer.weight": torch.randn(3, 4, generator=generator)}
    return Checkpoint(
        {"step": step, "guards": {"g": [1.5, None]}},
        weights,
        average={"layer.weight": torch.ones(3, 4)},
        optimizers={"turns": {"t": {"state": {0: torch.zeros(2)}, "param_groups": [{"lr": 0.1}]}}},
    )


def test_what_is_written_is_read_back(tmp_path):
    write_checkpoint(checkpoint(3), tmp_path / "c")
    read = read_checkpoint(tmp_path / "c")
    assert read.state == {"step": 3, "guards": {"g": [1.5, None]}}
    assert torch.equal(read.weights["layer.weight"], checkpoint(3).weights["layer.weight"])
    assert torch.equal(read.average["layer.weight"], torch.ones(3, 4))
    assert read.optimizers["turns"]["t"]["param_groups"] == [{"lr": 0.1}]


def test_a_checkpoint_cut_at_any_byte_is_found_out_and_the_one_before_is_taken(tmp_path):
    write_checkpoint(checkpoint(1), tmp_path / "step_1")
    write_checkpoint(checkpoint(2), tmp_path / "step_2")
    for path in sorted((tmp_path / "step_2").iterdir()):
        whole = path.read_bytes()
        for size in {0, 1, len(whole) // 2, len(whole) - 1}:
            path.write_bytes(whole[:size])
            assert newest_checkpoint(tmp_path) == tmp_path / "step_1", f"{path.name} cut to {size}"
        path.write_bytes(whole)
    assert newest_checkpoint(tmp_path) == tmp_path / "step_2"


def test_one_flipped_bit_is_found_out_and_named(tmp_path):
    write_checkpoint(checkpoint(1), tmp_path / "c")
    path = tmp_path / "c" / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert "weights.safetensors" in str(find_damage(tmp_path / "c"))
    with pytest.raises(UserError, match=r"weights\.safetensors"):
        read_checkpoint(tmp_path / "c")


def test_the_step_inside_counts_not_the_name(tmp_path):
    write_checkpoint(checkpoint(7), tmp_path / "step_1")
    write_checkpoint(checkpoint(5), tmp_path / "step_9")
    assert newest_checkpoint(tmp_path) == tmp_path / "step_1"


def test_a_folder_that_was_never_finished_is_not_a_checkpoint(tmp_path):
    write_checkpoint(checkpoint(1), tmp_path / "step_1")
    (tmp_path / "step_1").rename(tmp_path / ".step_2.partial")
    assert newest_checkpoint(tmp_path) is None


def test_pruning_keeps_the_newest_and_removes_what_was_never_finished(tmp_path):
    for step in (1, 2, 3):
        write_checkpoint(checkpoint(step), tmp_path / f"step_{step:09d}")
    (tmp_path / ".step_4.partial").mkdir()
    prune(tmp_path, keep=2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["step_000000002", "step_000000003"]


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return (os.system, (f"touch {tmp_path}/owned",))

    write_checkpoint(checkpoint(1), tmp_path / "c")
    torch.save({"turns": Evil()}, tmp_path / "c" / "optimizers.pt")
    with pytest.raises(UserError):
        read_checkpoint(tmp_path / "c")
    assert not (tmp_path / "owned").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_leaves_the_previous_checkpoint_and_says_what_to_do(tmp_path, monkeypatch):
    import engine.training.checkpoint as module

    write_checkpoint(checkpoint(1), tmp_path / "c")

    def onto_a_full_disk(*_):
        with Path("/dev/full").open("wb", buffering=0) as full:
            full.write(b"x")

    monkeypatch.setattr(module, "save_file", onto_a_full_disk)
    with pytest.raises(UserError, match="Free space"):
        write_checkpoint(checkpoint(2), tmp_path / "c")
    assert read_checkpoint(tmp_path / "c").state["step"] == 1
    assert [p.name for p in tmp_path.iterdir()] == ["c"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_named(tmp_path):
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(UserError, match=str(tmp_path)):
        write_checkpoint(checkpoint(1), tmp_path / "c")
