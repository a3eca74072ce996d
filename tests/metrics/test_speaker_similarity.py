import pytest
import torch

from engine.errors import UserError
from engine.metrics.speaker_similarity import SpeakerSimilarity, check_speaker_encoder
from tests.metrics.judge_models import noise, write_ctc, write_speaker_encoder

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def similarity(tmp_path_factory):
    return SpeakerSimilarity.load(write_speaker_encoder(tmp_path_factory.mktemp("speaker")), CPU)


def test_a_recording_is_most_like_itself(similarity):
    voice, other = similarity.embed(noise(), 16_000), similarity.embed(noise(seed=1) ** 3, 16_000)
    assert voice.shape == (8,)
    assert similarity.between(voice, voice) == pytest.approx(1.0, abs=1e-6)
    assert -1.0 <= similarity.between(voice, other) < 1.0 - 1e-6


def test_next_to_nothing_is_like_nobody(similarity):
    assert (
        similarity.between(similarity.embed(noise(), 16_000), similarity.embed(noise(0.1), 16_000))
        == 0.0
    )


def test_the_rate_of_a_recording_hardly_matters(similarity):
    import soxr

    audio = noise()
    twice = soxr.resample(audio, 16_000, 32_000)
    same = similarity.between(similarity.embed(audio, 16_000), similarity.embed(twice, 32_000))
    assert same == pytest.approx(1.0, abs=1e-2)


def test_what_is_no_speaker_encoder_is_refused_by_looking(tmp_path):
    with pytest.raises(UserError, match="is no speaker encoder: there is no config"):
        check_speaker_encoder(tmp_path / "nowhere")
    (tmp_path / "config.json").write_text('{"model_type": "whisper"}')
    with pytest.raises(UserError, match="of type 'whisper', which is no speaker encoder"):
        check_speaker_encoder(tmp_path)


def test_a_network_that_was_trained_for_something_else_is_refused(tmp_path):
    with pytest.raises(UserError, match="of the weights of a Wav2Vec2ForXVector, first"):
        SpeakerSimilarity.load(write_ctc(tmp_path), CPU)
