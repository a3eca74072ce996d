from pathlib import Path

import pytest

from engine.errors import UserError
from engine.project import Project
from engine.sweeps.points import dvc_settings, points_of

RECIPE = Path(__file__).parents[2] / "recipes/demo/audio_vae_plus.toml"
RATE = "optimizer.autoencoder.learning_rate"


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def points(project, *values, fixed=None):
    return points_of(RECIPE, [{RATE: value} for value in values], project, fixed or {})


def test_the_recipe_as_it_is_comes_first_and_a_point_that_is_the_same_is_not_trained_twice(project):
    found = points(project, "0.001", "3e-3")
    assert [point.is_base for point in found] == [True, False]
    assert found[1].recipe.optimizer["autoencoder"].learning_rate == 0.001


def test_an_experiment_is_named_by_its_values_and_seed(project):
    base, other = points(project, "0.001")
    assert base.experiment(1) != other.experiment(1) != other.experiment(2)
    assert points(project, "1e-3")[1].experiment(2) == other.experiment(2)


def test_what_is_fixed_holds_for_the_recipe_as_well(project):
    base, other = points(project, "0.001", fixed={"training.steps": "60"})
    assert (base.recipe.training.steps, other.recipe.training.steps) == (60, 60)
    assert base.name == "audio_vae_plus with training.steps=60"


def test_dvc_sets_the_values_in_the_file_and_drops_what_they_stand_in_place_of(project):
    here = Project(RECIPE.parents[2])
    base, other = points(project, "0.001", fixed={"training.epochs": "2"})
    assert list(dvc_settings(other, RECIPE, 3, here)) == [
        "recipes/demo/audio_vae_plus.toml:~training.steps",
        "recipes/demo/audio_vae_plus.toml:++training.epochs=2",
        f"recipes/demo/audio_vae_plus.toml:++{RATE}=0.001",
        "params.toml:seed=3",
    ]
    assert base.recipe.training.steps is None


def test_a_kind_whose_table_has_more_in_the_file_itself_is_refused(project):
    plain = RECIPE.parents[1] / "audio_vae_plus.toml"
    with pytest.raises(UserError, match="num_codes beside it"):
        points_of(plain, [{"model.quantizer.kind": "ema"}], project, {})
