import numpy as np
import pytest

from engine.systems.rvc.conversion.frames import frames_of, transposed
from engine.systems.rvc.conversion.voice import Wishes
from tests.systems.rvc.conversion.stand_ins import LocalContent, LocalPitch, speech, voice

SAMPLES = speech(3)
F0 = LocalPitch()(SAMPLES)
PLAIN = np.repeat(LocalContent()(SAMPLES), 2, axis=0)


def moved(features):
    """A retrieval whose result is easily told."""
    return features + 1


@pytest.mark.parametrize("unvoiced", ["zero", "interpolate"])
def test_protection_keeps_the_source_where_there_is_no_voice(unvoiced):
    """RVC WebUI's own does nothing where pitch is interpolated: it then finds no such frame."""
    spoken = voice(retrieval=moved, unvoiced=unvoiced)
    wishes = Wishes(index_rate=0.5, protect=0.2)
    found = frames_of(spoken, SAMPLES, F0, 0.0, wishes).content - PLAIN[: len(SAMPLES) // 160]
    unvoiced_frames = F0[: len(found)] == 0
    assert 20 < unvoiced_frames.sum() < 280
    assert np.allclose(found[~unvoiced_frames], 0.5, atol=1e-6)
    assert np.allclose(found[unvoiced_frames], 0.5 * 0.2, atol=1e-6)


def test_without_protection_all_frames_are_retrieved_alike():
    spoken = voice(retrieval=moved)
    found = frames_of(spoken, SAMPLES, F0, 0.0, Wishes(index_rate=1.0, protect=0.5)).content
    assert np.allclose(found - PLAIN[: len(found)], 1.0, atol=1e-6)


@pytest.mark.parametrize("changes", [{"index_rate": 0.0}, {}])
def test_without_an_index_or_a_rate_features_are_the_sources(changes):
    retrieval = moved if changes else None
    found = frames_of(voice(retrieval=retrieval), SAMPLES, F0, 0.0, Wishes(**changes)).content
    assert np.array_equal(found, PLAIN[: len(found)])


def test_pitch_is_moved_by_semitones_and_unvoiced_frames_stay():
    found = transposed(voice(), F0, 12.0)
    assert np.allclose(found, 2 * F0)
    assert (found == 0).any()


def test_a_model_that_has_learned_interpolated_pitch_is_given_it():
    found = transposed(voice(unvoiced="interpolate"), F0, 0.0)
    assert (found > 0).all()
    assert np.array_equal(found[F0 > 0], F0[F0 > 0])


def test_a_model_without_pitch_is_given_none():
    found = frames_of(voice(pitch=None), SAMPLES, None, 0.0, Wishes())
    assert (found.f0, found.f0_coarse) == (None, None)
    assert len(found.content) == len(PLAIN[: len(SAMPLES) // 160])
