"""An autoencoder's batch in parts: also where its codebook is a moving average."""

import numpy as np
import pytest

from tests.systems.parts import require_same_step


@pytest.mark.parametrize("model", ["puzzle", "aligned ema"])
def test_an_autoencoder_learns_the_same_from_a_batch_in_parts_and_in_processes(
    make_system, make_recipe, tmp_path, model
):
    system = make_system(model)
    batch = system.train_clips.batch(range(6), np.random.default_rng(0))
    require_same_step(system, make_recipe(model), batch, tmp_path)
