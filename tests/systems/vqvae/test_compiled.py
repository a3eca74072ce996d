import pytest

from tests.systems.compiled import figures_of_steps


@pytest.mark.parametrize("model", ["aligned ema"])
def test_a_compiled_autoencoder_learns(make_system, make_recipe, monkeypatch, model):
    figures = [
        figures_of_steps(make_system(model), make_recipe(model), mode, monkeypatch)
        for mode in ("off", "default")
    ]
    assert figures[1]["train/loss"] == pytest.approx(figures[0]["train/loss"], rel=0.05)
