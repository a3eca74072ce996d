from types import SimpleNamespace

import numpy as np
import pytest

from engine.systems.codec_lm.baselines import baselines
from engine.systems.codec_lm.sequence.codebooks import Codebooks

BOOKS = Codebooks(num_codebooks=2, codebook_size=4)


def clips(*codes):
    chat = SimpleNamespace(codebooks=BOOKS)
    return SimpleNamespace(codes=[np.array(one, np.int16) for one in codes], chat=chat)


def test_a_code_that_always_follows_another_costs_little_by_the_frame_before_alone():
    turns = [[0, 3], [1, 3], [2, 3], [3, 3]] * 50
    found = baselines(clips(turns), clips(turns)).metrics
    assert found["baseline/uniform/audio_ce"] == pytest.approx(np.log(6))
    assert found["baseline/previous_frame/audio_ce"] < 0.5 * found["baseline/unigram/audio_ce"]
    assert found["baseline/unigram/audio_ce"] < found["baseline/uniform/audio_ce"]


def test_ends_of_stream_count_and_figures_of_clips_have_the_mean_of_all():
    training, asked = clips([[0, 0]]), clips([[0, 0]], [[1, 1], [2, 2], [3, 3]])
    found = baselines(training, asked)
    for name in ("uniform", "unigram", "previous_frame"):
        each = found.per_clip[f"{name}/audio_ce"]
        assert np.average(each, weights=[2, 4]) == pytest.approx(
            found.metrics[f"baseline/{name}/audio_ce"]
        )
    assert np.isfinite(found.per_clip["previous_frame/audio_ce"]).all()
