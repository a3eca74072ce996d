"""A batch of XTTS in parts: losses are means over tokens, of which clips have unlike numbers."""

import numpy as np
import torch
from attrs import evolve

from tests.systems.parts import PARTS, flat, require_same_step, rows
from tests.systems.xtts.small_project import SMALL

STILL = evolve(SMALL, dropout=0.0)


def test_xtts_learns_the_same_from_a_batch_in_parts_and_in_processes(
    make_xtts, make_xtts_recipe, tmp_path
):
    system = make_xtts(model=STILL)
    lengths = np.argsort(system.train_clips.lengths)
    batch = system.train_clips.batch([*lengths[:3], *lengths[-3:]], np.random.default_rng(0))
    recipe = make_xtts_recipe(model=STILL)
    left = require_same_step(system, recipe, batch, tmp_path)

    def mean_by_clips():
        """What weighing parts by their clips would give."""
        module = system.module
        module.zero_grad()
        for part in PARTS:
            terms = module.gpt(module.prepare(rows(batch, part))).losses
            loss = sum(recipe.loss_weights[name] * value for name, value in terms.items())
            (loss * (len(part) / 6)).backward()
        return {n: p.grad for n, p in module.named_parameters() if p.grad is not None}

    wanted = left["gradients"]
    cosine = torch.cosine_similarity(flat(mean_by_clips()), flat(wanted), dim=0)
    assert cosine < 1 - 1e-4  # a hundred times as far as require_same_step lets parts differ
