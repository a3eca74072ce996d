"""Runs killed with SIGKILL, at random instants and before a change of the file system.

20 and 10 in CI; CANTUS_KILLS=100 makes it 100 and 50.
"""

import random
import time
from collections import Counter
from functools import partial

import pytest

from tests.training.faults import (
    count_changes,
    die_at,
    num_kills,
    place_of,
    result,
    wait_for_change,
)
from tests.training.train_toy import finish, start

_LATER_SECONDS = 0.005
_KILLS_OF_A_RUN = 2
NUM_KILLS = num_kills(20)
NUM_CHANGES = NUM_KILLS // 2
SHORT = {"epochs": 3, "checkpoint_every": "step:2", "keep_every": "step:7"}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The result of a run, and how often it changes the file system."""
    folder = tmp_path_factory.mktemp("undisturbed")
    note = folder / "changes"
    finish(folder, before=partial(count_changes, note), **SHORT)
    return result(folder), int(note.read_text())


@pytest.fixture(scope="module")
def hit():
    """Counts where the kills hit; printed at the end (-s shows it)."""
    places = Counter()
    yield places
    print(f"\nkilled {places.total()} times: {dict(places.most_common())}")  # noqa: T201


@pytest.mark.parametrize("seed", range(NUM_KILLS // _KILLS_OF_A_RUN))
def test_a_run_killed_at_random_instants_ends_as_an_undisturbed_one(
    undisturbed, hit, tmp_path, seed
):
    expected, num_changes = undisturbed
    chance = random.Random(seed)
    note = tmp_path / "changes"
    for _ in range(_KILLS_OF_A_RUN):
        note.unlink(missing_ok=True)
        process = start(tmp_path, before=partial(count_changes, note), **SHORT)
        # Its progress, not the clock, says how far it is: machines differ, and so does their load.
        wait_for_change(note, chance.randrange(num_changes), process)
        time.sleep(chance.uniform(0.0, _LATER_SECONDS))
        process.kill()
        process.join()
        hit[place_of(tmp_path)] += 1
    finish(tmp_path, **SHORT)
    assert result(tmp_path) == expected


@pytest.mark.parametrize("share", [(k + 0.5) / NUM_CHANGES for k in range(NUM_CHANGES)])
def test_a_run_killed_before_any_change_of_the_file_system_ends_so_too(
    undisturbed, hit, tmp_path, share
):
    expected, num_changes = undisturbed
    process = start(tmp_path, before=partial(die_at, 1 + int(share * num_changes)), **SHORT)
    process.join()
    assert process.exitcode == -9
    hit[place_of(tmp_path)] += 1
    finish(tmp_path, **SHORT)
    assert result(tmp_path) == expected


def test_a_run_whose_every_process_is_killed_a_little_later_ends_so_too(undisturbed, tmp_path):
    expected, num_changes = undisturbed
    exits = []
    for number in range(40, num_changes, 60):
        process = start(tmp_path, before=partial(die_at, number), **SHORT)
        process.join()
        exits.append(process.exitcode)
    finish(tmp_path, **SHORT)
    assert -9 in exits
    assert result(tmp_path) == expected
