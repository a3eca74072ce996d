import pytest

from engine.errors import UserError
from tests.systems.used_as_said import used_as_said


@pytest.mark.parametrize(
    "dataset", [{}, {"max_seconds": 0.85}, {"num_train_clips": 6}, {"split": "random"}]
)
def test_ingest_says_what_training_uses(spoken_project, make_xtts_recipe, dataset):
    found, used, training, evaluation = used_as_said(
        make_xtts_recipe(dataset=dataset), spoken_project
    )
    assert found == 24
    assert used >= training + evaluation
    assert (used < found) == ("max_seconds" in dataset)


def test_ingest_says_why_nothing_can_be_used(spoken_project, make_xtts_recipe):
    recipe = make_xtts_recipe(dataset={"languages": ("en",)})
    with pytest.raises(UserError, match=r"None of the 24 clips .* other language: 24"):
        used_as_said(recipe, spoken_project)
