"""Power cuts: what was not yet on the disk is torn, empty, full of zeros or missing.

CANTUS_CUTS=50 cuts so many runs off, each several times.
"""

import os
import random
import shutil

import pytest

from tests.training.faults import result
from tests.training.train_toy import finish, start, wait_for_step

_CUTS_OF_A_RUN = 3
_NUM_RUNS = int(os.environ.get("CANTUS_CUTS", "6"))
SETTINGS = {"keep_every": "step:7"}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    finish(folder, **SETTINGS)
    return result(folder)


@pytest.mark.parametrize("seed", range(_NUM_RUNS))
def test_files_torn_anywhere_cost_steps_and_nothing_else(undisturbed, tmp_path, seed):
    chance = random.Random(seed)
    for _ in range(_CUTS_OF_A_RUN):
        process = start(tmp_path, seconds=0.01, **SETTINGS)
        wait_for_step(tmp_path, chance.randrange(1, 20))
        process.kill()
        process.join()
        (run,) = tmp_path.glob("runs/toy/*/")
        tear(run, chance)
    finish(tmp_path, **SETTINGS)
    assert result(tmp_path) == undisturbed


def test_a_checkpoint_that_is_passed_over_is_named_with_its_damage(undisturbed, tmp_path):
    interrupt(tmp_path)
    newest = max(tmp_path.glob("runs/toy/*/checkpoints/step_*"))
    (newest / "weights.safetensors").write_bytes(b"")
    finish(tmp_path, **SETTINGS)
    said = (tmp_path / "said").read_text()
    assert (
        f"checkpoint {newest.name} of run {newest.parents[1].name} is skipped: weights.safetensors"
        in said
    )
    assert "resumed at step" in said
    assert result(tmp_path) == undisturbed


def test_best_weights_that_are_torn_are_made_again(undisturbed, tmp_path):
    interrupt(tmp_path)
    for best in tmp_path.glob("runs/toy/*/kept/best_*"):
        shutil.rmtree(best)
    finish(tmp_path, **SETTINGS)
    assert "is skipped: kept/best_" in (tmp_path / "said").read_text()
    assert result(tmp_path) == undisturbed


def test_events_that_are_lost_are_lived_through_again(undisturbed, tmp_path):
    interrupt(tmp_path)
    (log,) = tmp_path.glob("runs/toy/*/events.jsonl")
    os.truncate(log, log.stat().st_size // 3)
    finish(tmp_path, **SETTINGS)
    assert "lacks events written before the checkpoint" in (tmp_path / "said").read_text()
    assert result(tmp_path) == undisturbed


def test_what_was_written_in_vain_after_the_last_checkpoint_is_no_obstacle(undisturbed, tmp_path):
    interrupt(tmp_path)
    (log,) = tmp_path.glob("runs/toy/*/events.jsonl")
    with log.open("ab") as file:
        file.write(b"\0" * 4096 + b'\xff\xfe{"kind": 3}\n[[[[1]]]]\n{"kind": "tr')
    finish(tmp_path, **SETTINGS)
    assert result(tmp_path) == undisturbed


def test_a_finished_model_that_is_torn_is_named_and_made_again(undisturbed, tmp_path):
    finish(tmp_path, **SETTINGS)
    shutil.rmtree(tmp_path / "models")
    (weights,) = tmp_path.glob("runs/toy/*/model/export/weights.pth")
    os.truncate(weights, 100)
    finish(tmp_path, **SETTINGS)
    said = (tmp_path / "said").read_text()
    assert "is damaged (export/weights.pth was changed or is missing) and is written again" in said
    assert result(tmp_path) == undisturbed


def interrupt(folder):
    """Kill a run that has two checkpoints."""
    process = start(folder, seconds=0.05, **SETTINGS)
    wait_for_step(folder, 11)
    process.kill()
    process.join()


def tear(run, chance):
    """Damage a file or a folder of a run, as a file system might that lost power."""
    newest = sorted(run.glob("checkpoints/step_*"))[-1:]
    folders = [*newest, *run.glob("kept/*")]
    files = [path for folder in folders for path in folder.iterdir()]
    files += [path for path in run.iterdir() if path.is_file()]
    if folders and chance.random() < 0.2:
        shutil.rmtree(chance.choice(folders))
        return
    path, size = chance.choice(files), 0
    size = path.stat().st_size
    match chance.choice(["torn", "empty", "zeros", "missing", "torn and zeros"]):
        case "torn":
            os.truncate(path, chance.randrange(size + 1))
        case "empty":
            os.truncate(path, 0)
        case "zeros":
            path.write_bytes(bytes(size))
        case "missing":
            path.unlink()
        case _:
            os.truncate(path, chance.randrange(size + 1))
            os.truncate(path, size)
