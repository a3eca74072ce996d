import pytest
from attrs import evolve

from engine.recipe import load_recipe
from engine.report.history import History
from engine.report.table import compare
from engine.system_support.discovery import recipe_classes
from engine.tracking.events import Event
from tests.report.test_page import RECIPES


@pytest.fixture
def recipe():
    return load_recipe(RECIPES / "audio_vae.toml", classes=recipe_classes())


def history(result: float | None, **baselines: float) -> History:
    named = {f"baseline/{name}/rmse_db": value for name, value in baselines.items()}
    return History(
        (
            Event("baseline", 0, metrics=named),
            Event("eval", 0, metrics={"parent/rmse_db": 8.0}),
            Event("finish", 9, metrics={"eval/rmse_db": result, "eval/zeta": 1.0}),
        )
    )


def test_a_continued_phase_stands_beside_its_parent(recipe):
    table = compare(history(6.0, grid=7.0), recipe)
    assert table.columns == ("parent", "grid")
    assert [row.metric for row in table.rows] == ["rmse_db", "zeta"]
    assert (table.rows[0].others, table.rows[1].others) == (("8", "7"), ("", ""))
    assert table.remark == "rmse_db is 6. Of the baselines it beats grid (7)."


def test_equal_is_not_better(recipe):
    remark = compare(history(7.0, grid=7.0), recipe).remark
    assert remark == "rmse_db is 7. Of the baselines it beats nothing, but not grid (7)."


def test_where_higher_is_better_the_order_turns(recipe):
    training = evolve(recipe.training, best_is="highest")
    remark = compare(history(6.0, low=5.0, high=7.0), evolve(recipe, training=training)).remark
    assert remark == "rmse_db is 6. Of the baselines it beats low (5), but not high (7)."


@pytest.mark.parametrize("told", [history(None, grid=7.0), history(6.0)])
def test_without_a_figure_or_a_baseline_nothing_is_claimed(recipe, told):
    assert compare(told, recipe).remark is None
