"""What a run's identity covers, and what is said of the difference between two."""

import json

import pytest
from attrs import evolve

from engine.recipe.optimizers import Adam
from engine.runs.identity import DESCRIPTION, differences_from, identify
from tests.training.toy import ToyDataset, toy_recipe, toy_system


def identity(seed=1, **settings):
    recipe = toy_recipe(**settings)
    return identify(recipe, seed, toy_system(recipe), None)


def test_the_same_recipe_seed_clips_and_code_are_one_run():
    assert identity() == identity()
    assert identity().differences(json.loads(json.dumps(identity().plain()))) == ""


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"seed": 2}, "seed"),
        ({"batch_size": 4}, "recipe (training.batch_size)"),
        ({"optimizer": Adam(learning_rate=0.5)}, "recipe (optimizer.denoiser.learning_rate)"),
        ({"num_clips": 24}, "recipe (dataset.num_clips), training clips"),
    ],
)
def test_what_differs_is_another_run_and_is_named(other, said):
    assert identity(**other).digits != identity().digits
    assert identity(**other).differences(identity().plain()) == said


def test_another_module_or_library_is_named():
    one = identity()
    code = {**one.code, "engine.training.schedules": "edited", "torch": "9.9"}
    assert one.differences({**one.plain(), "code": code}) == (
        "code (engine.training.schedules, torch)"
    )


def test_many_keys_are_counted():
    one = identity(dataset=ToyDataset(num_clips=24, first=2), batch_size=4, epochs=9)
    assert "and 1 more)" in one.differences(identity().plain())


def test_the_difference_from_a_run_on_disk_is_a_sentence(tmp_path):
    one = identity()
    (tmp_path / DESCRIPTION).write_text(json.dumps({"covers": evolve(one, seed=2).plain()}))
    assert differences_from(tmp_path, one) == "What differs: seed."


@pytest.mark.parametrize("text", ["{}", "[", '{"covers": 3}'])
def test_a_run_that_does_not_say_what_it_covers_is_no_traceback(tmp_path, text):
    (tmp_path / DESCRIPTION).write_text(text)
    assert "does not record what the run covers" in differences_from(tmp_path, identity())
