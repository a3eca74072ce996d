"""The guard over gradients, which every run has, in the runs that might break it by rights."""

import json

import pytest
from attrs import evolve

from engine.systems.xtts.recipe import Adapters, Freeze
from tests.systems.xtts.small_project import later


def guards_of(folder):
    lines = (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()
    return [event["facts"] for event in map(json.loads, lines) if event["kind"] == "guard"]


@pytest.mark.parametrize(
    "learned",
    [
        {"adapters": Adapters(rank=4)},
        {"adapters": Adapters(rank=4, also=("text_head",))},
        {"freeze": Freeze(parts=("conditioning",), layers=1)},
    ],
    ids=["adapters", "adapters and a part", "frozen"],
)
def test_adapters_and_frozen_parts_stop_no_run(train, make_xtts_recipe, learned):
    first = evolve(make_xtts_recipe(steps=8), name="first")
    assert train("run", first).ending == "finished"
    outcome = train("run", evolve(later(first, name="second"), **learned))
    assert outcome.ending == "finished"
    assert not [facts for facts in guards_of(outcome.folder) if facts["action"] == "stop"]
