"""Disks that are full, small or read-only: the error says what to do, and then the run goes on.

CANTUS_DISKS=20 fills as many disks, each at other places.
"""

import os
import random
import resource
from functools import partial

import pytest

from tests.training.faults import result
from tests.training.small_disk import (
    NOT_PERMITTED,
    attempt,
    in_namespace,
    mount,
    resize,
    set_read_only,
)
from tests.training.train_toy import finish, start

SHORT = {"epochs": 3, "checkpoint_every": "step:3", "keep_every": "step:7"}
_NUM_DISKS = int(os.environ.get("CANTUS_DISKS", "1"))
_LARGEST = 4 << 20


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    finish(folder, **SHORT)
    return result(folder)


def call(target, *arguments):
    code = in_namespace(target, *arguments)
    if code == NOT_PERMITTED:
        pytest.skip("this system lets nobody mount a disk")
    assert code == 0


@pytest.mark.parametrize("seed", range(_NUM_DISKS))
def test_a_disk_that_is_full_at_one_write_after_another_stops_with_a_sentence_and_costs_nothing(
    undisturbed, tmp_path, seed
):
    call(fill_again_and_again, tmp_path, undisturbed, seed)


@pytest.mark.parametrize("name", ["metrics", "models", "plots"])
def test_a_full_disk_of_its_own_stops_with_a_sentence_and_costs_nothing(
    undisturbed, tmp_path, name
):
    call(fill_one_folder, tmp_path, undisturbed, name)


@pytest.mark.parametrize("name", ["metrics", "models", "plots", "runs"])
def test_a_folder_that_is_read_only_is_named_and_costs_nothing(undisturbed, tmp_path, name):
    call(forbid_one_folder, tmp_path, undisturbed, name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
@pytest.mark.parametrize("name", ["metrics", "models", "plots", "runs"])
def test_a_folder_that_may_not_be_written_is_named_and_costs_nothing(undisturbed, tmp_path, name):
    (tmp_path / name).mkdir()
    (tmp_path / name).chmod(0o555)
    process = start(tmp_path, **SHORT)
    process.join()
    (tmp_path / name).chmod(0o755)
    assert process.exitcode == 2
    assert str(tmp_path / name) in (tmp_path / "error").read_text()
    finish(tmp_path, **SHORT)
    assert result(tmp_path) == undisturbed


def test_files_that_may_not_grow_stop_with_a_sentence_and_cost_nothing(undisturbed, tmp_path):
    for num_bytes in (400, 900, 1500, 2500, 4000, 6000, 15000):
        process = start(tmp_path, before=partial(limit_files, num_bytes), **SHORT)
        process.join()
        error = (tmp_path / "error").read_text()
        assert process.exitcode == 2, (num_bytes, error)
        assert "ulimit -f" in error
    finish(tmp_path, **SHORT)
    assert result(tmp_path) == undisturbed


def fill_again_and_again(folder, undisturbed, seed):
    """Grow a disk a little after every failure, until the run fits."""
    chance = random.Random(seed)
    disk = folder / "disk"
    num_bytes = chance.randrange(8, 40) << 10
    mount(disk, num_bytes)
    code = errors = 0
    while (outcome := attempt(folder, project=disk, **SHORT))[0] != 0:
        code, error = outcome
        errors += 1
        assert code == 2, (num_bytes, code, error)
        assert "Free space" in error, error
        num_bytes += chance.randrange(8, 64) << 10
        assert num_bytes < _LARGEST
        resize(disk, num_bytes)
    assert errors > 3
    assert result(disk) == undisturbed


def fill_one_folder(folder, undisturbed, name):
    """A folder on a disk of its own, too small at first; models cannot be linked to it."""
    disk = folder / name
    mount(disk, 4096)
    code, error = attempt(folder, **SHORT)
    assert code == 2, (code, error)
    assert "Free space" in error, error
    resize(disk, _LARGEST)
    assert attempt(folder, **SHORT) == (0, "")
    assert result(folder) == undisturbed


def forbid_one_folder(folder, undisturbed, name):
    """A folder that is read-only at first."""
    disk = folder / name
    mount(disk)
    set_read_only(disk, read_only=True)
    code, error = attempt(folder, **SHORT)
    assert code == 2, (code, error)
    assert str(disk) in error, error
    assert "Make it writable" in error, error
    set_read_only(disk, read_only=False)
    assert attempt(folder, **SHORT) == (0, "")
    assert result(folder) == undisturbed


def limit_files(num_bytes):
    """No file of this process may be larger."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, hard))
