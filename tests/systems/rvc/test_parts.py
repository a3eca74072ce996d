"""RVC's batch in parts: the divergence is a mean over frames, and clips have unlike numbers."""

from functools import partial

import numpy as np
import torch

from engine.systems.rvc.network.synthesizer import Noise
from engine.systems.rvc.training_module import rounded_by_chance
from tests.systems.parts import require_same_step


def nothing_drawn(settings, batch_size, num_frames, source_frames):
    samples = source_frames * settings.hop_length
    latents = torch.zeros(batch_size, settings.latent_dim, num_frames)
    return Noise(latents, torch.zeros(batch_size, samples))


def test_rvc_learns_the_same_from_a_batch_in_parts_and_in_processes(
    make_rvc, make_rvc_recipe, tmp_path
):
    system = make_rvc()
    lengths = np.argsort(system.train_clips.lengths)
    batch = system.train_clips.batch([*lengths[:3], *lengths[-3:]], np.random.default_rng(0))
    assert len(batch["lengths"].unique()) > 1
    network = system.module.network
    network.draw = partial(nothing_drawn, network.settings)
    require_same_step(system, make_rvc_recipe(), batch, tmp_path)


def test_a_share_of_the_clips_that_is_no_whole_number_is_met_on_average():
    torch.manual_seed(0)
    assert {rounded_by_chance(2.0) for _ in range(20)} == {2}
    drawn = [rounded_by_chance(0.5) for _ in range(400)]
    assert set(drawn) == {0, 1}
    assert 0.4 < np.mean(drawn) < 0.6
