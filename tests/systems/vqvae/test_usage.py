import pytest

from tests.systems.used_as_said import used_as_said


@pytest.mark.parametrize("dataset", [{}, {"num_train_clips": 8, "num_eval_clips": 2}])
def test_ingest_says_what_training_uses(project, make_recipe, dataset):
    found, used, training, evaluation = used_as_said(make_recipe(**dataset), project)
    assert found == used >= training + evaluation
