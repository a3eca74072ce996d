import random

import pytest
import tomli

from engine.errors import UserError
from engine.sweeps.choices import drawn, grid, read_choice


def test_a_list_may_hold_lists_and_texts_with_commas():
    choice = read_choice('optimizer.gpt.betas=[0.9,0.96],[0.8, 0.99],"a,b"')
    assert choice.values == ("[0.9,0.96]", "[0.8, 0.99]", '"a,b"')


@pytest.mark.parametrize(
    ("given", "values"),
    [
        ("linear(0,1,3)", ["0", "1"]),
        ("linear(0.0,1.0,3)", ["0.0", "0.5", "1.0"]),
        ("linear(16,64,4)", ["16", "32", "48", "64"]),
        ("log(1e-5,1e-3,3)", ["1e-05", "0.0001", "0.001"]),
    ],
)
def test_a_range_has_its_ends_and_values_that_toml_reads_back(given, values):
    found = read_choice(f"training.x={given}").values
    assert list(found) == values
    assert all(tomli.loads(f"v = {one}") for one in found)


@pytest.mark.parametrize(
    "given",
    ["training.steps", "steps=1,2", "guard.eval/x.below=1,2", "a.b=", "a.b=1,,2"]
    + [f"a.b={one}" for one in ("log(0,1,3)", "linear(2,1,3)", "linear(1,2,1)", "log(1,x,3)")],
)
def test_what_is_no_choice_is_named_with_what_is_expected(given):
    with pytest.raises(UserError, match=r"-S .*(expected|missing)"):
        read_choice(given)


def test_the_grid_has_every_combination():
    choices = [read_choice("a.b=1,2"), read_choice("a.c=3,4,5")]
    assert [*grid(choices)][:2] == [{"a.b": "1", "a.c": "3"}, {"a.b": "1", "a.c": "4"}]
    assert len([*grid(choices)]) == 6


def test_random_points_are_those_of_their_seed_within_the_range_and_never_twice():
    choices = [read_choice("a.b=log(1e-4,1e-2,2)"), read_choice("a.c=1,2")]
    points = [*drawn(choices, 20, seed=7)]
    assert points == [*drawn(choices, 20, seed=7)] != [*drawn(choices, 20, seed=8)]
    assert all(1e-4 <= float(point["a.b"]) <= 1e-2 for point in points)
    assert len([*drawn([read_choice("a.c=1,2")], 20, seed=1)]) == 2


def test_a_log_range_draws_each_factor_as_often():
    choice = read_choice("a.b=log(1e-4,1e-2,2)")
    chance = random.Random(0)
    low = sum(float(choice.draw(chance)) < 1e-3 for _ in range(500))
    assert 200 < low < 300
