"""A voice's run, stopped and gone on with: everything that decides its weights is in its state."""

from attrs import evolve

from engine.recipe.training import Start
from engine.systems.rvc.recipe import Conversion
from tests.systems.resumed import ends_alike
from tests.systems.stops_at import StopsAt


def test_a_stopped_run_goes_on_to_the_same_weights_and_figures(train, make_rvc_recipe, tmp_path):
    recipe = make_rvc_recipe(
        discriminator={"starts_at_step": 3},
        dataset={"speakers": ("high", "low")},
        conversion=Conversion(num_clips=1),
        ema_decay=0.9,
        steps=8,
        evaluate_every="step:4",
        checkpoint_every="step:2",
    )
    assert ends_alike(train, recipe, tmp_path).average


def test_a_later_phase_takes_over_both_networks_and_is_heard_beside_the_first(
    train, make_rvc_recipe, tmp_path
):
    recipe = make_rvc_recipe(steps=2, conversion=Conversion(num_clips=1))
    train("phases", recipe, StopsAt())
    phase = evolve(recipe, name="later", start=Start(from_="small", pick="last"))
    watcher = StopsAt()
    assert train("phases", phase, watcher).ending == "finished"
    assert any(said.startswith("carried over weights from small") for said in watcher.said)
    assert [*(tmp_path / "phases/models/later/samples/earlier").glob("small_*")]
