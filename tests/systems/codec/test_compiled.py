import pytest
from attrs import evolve

from tests.systems.codec.conftest import SMALL
from tests.systems.compiled import figures_of_steps


def test_a_compiled_codec_learns_also_in_the_steps_that_are_logged(
    make_codec, make_codec_recipe, monkeypatch
):
    model = evolve(SMALL, quantizer_dropout=0.0)
    recipe = make_codec_recipe(model=model)
    figures = [
        figures_of_steps(make_codec(model=model), recipe, mode, monkeypatch)
        for mode in ("off", "default")
    ]
    assert "train/gradient_share/mel" in figures[0]
    assert figures[1] == pytest.approx(figures[0], rel=1e-2, abs=1e-4)
