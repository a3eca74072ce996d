"""A codec's batch in parts: with its balancer, and with codes that are restarted by their use."""

import numpy as np
import pytest
from attrs import evolve

from engine.systems.codec.recipe import Balancer
from tests.systems.codec.conftest import LOSSES, SMALL
from tests.systems.parts import require_same_step


@pytest.mark.parametrize("balancer", [None, Balancer()])
def test_a_codec_learns_the_same_from_a_batch_in_parts_and_in_processes(
    make_codec, make_codec_recipe, tmp_path, balancer
):
    settings = {
        "model": evolve(SMALL, quantizer_dropout=0.0, restart_below=1e-9),
        "losses": evolve(LOSSES, balancer=balancer),
    }
    system = make_codec(**settings)
    batch = system.train_clips.batch(range(6), np.random.default_rng(0))
    left = require_same_step(system, make_codec_recipe(**settings), batch, tmp_path)
    assert "network.quantizer.counts" in left["buffers"]
