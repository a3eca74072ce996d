"""Clones that are measured and listened to, of a small corpus of voices."""

import numpy as np
import pytest
import soundfile
import torch
from attrs import evolve

from engine.evaluation.unit import Unit
from engine.system_support.speech_judges import SpeechJudges
from engine.systems.codec_lm.higgs.config import scratch_config
from engine.systems.codec_lm.network.network import CodecLmNetwork
from engine.systems.codec_lm.recipe import Speech
from engine.systems.codec_lm.sequence.packing import pack
from engine.systems.codec_lm.speech import cloned
from engine.systems.codec_lm.speech.cloning import Cloning, clip_sources
from engine.systems.codec_lm.speech.samples import SampleWriter
from tests.metrics.judge_models import write_ctc, write_speaker_encoder
from tests.systems.codec_lm.speech.tiny import CPU, train, without_eos
from tests.systems.codec_lm.voices_project import RATE, SMALL

SPEECH = Speech(num_clips=3, seeds=(1, 2), temperature=0.1, max_seconds=2.0)
NOBODY = SpeechJudges("en", None, None)
MATCH, SEEN = "generated/speaker_match", "generated/seen_speaker_match"


@pytest.fixture
def utterances(make_utterances):
    return make_utterances()


@pytest.fixture
def make_cloning(utterances):
    def make(speech=SPEECH, texts=()):
        training, evaluation = utterances.training, utterances.evaluation
        sets = [
            (clips, [f"text of {one}" for one in clips.ids]) for clips in (training, evaluation)
        ]
        own, others = clip_sources(*sets, utterances.assets.codec)
        encoded = [(text, utterances.assets.tokens.encode(text)) for text in texts]
        return Cloning(
            speech=speech,
            codec=utterances.assets.codec,
            training=own,
            evaluation=others,
            texts=encoded,
        )

    return make


@pytest.fixture
def network(utterances):
    chat = utterances.assets.chat
    with torch.random.fork_rng():
        torch.manual_seed(1)
        config = scratch_config(SMALL, chat.codebooks, utterances.assets.tokens)
        return CodecLmNetwork(config).eval()


def written(cloning, network, folder, num_clips=0):
    writer = SampleWriter(cloning, NOBODY, lambda place: np.full(RATE, 0.1, np.float32))
    return writer.write(folder, num_clips, network.model)


def mean(samples, name):
    values = [sample.figures[name] for sample in samples if name in sample.figures]
    return float(np.mean(values))


def sequences(clips, prompts):
    """The prompts' own sequences, with their targets."""
    found = []
    for prompt in prompts:
        rows = clips.texts[prompt.target], clips.texts[prompt.reference]
        codes = clips.codes[prompt.reference], clips.codes[prompt.target]
        parts = (torch.from_numpy(one.astype(np.int64)) for one in (*rows, *codes))
        found.append(clips.chat.pieces(*parts))
    return found


@pytest.mark.parametrize("with_eos", [True, False])
def test_figures_tell_a_model_that_knows_the_clips_from_one_that_has_learned_no_end(
    make_cloning, network, tmp_path, with_eos
):
    cloning = make_cloning(evolve(SPEECH, seeds=(1,)))
    known = sequences(cloning.evaluation.clips, cloning.said_again)
    train(network, pack(known if with_eos else [*map(without_eos, known)], CPU), steps=150)
    samples = written(cloning, network, tmp_path)
    if with_eos:
        assert mean(samples, "generated/stop_rate") == 1.0
        assert mean(samples, "generated/length_ratio") == 1.0
        assert mean(samples, MATCH) == cloned.baselines(cloning)[f"baseline/recordings/{MATCH}"]
    else:
        assert mean(samples, "generated/stop_rate") == 0.0
        assert mean(samples, "generated/length_ratio") > 1.0


def test_what_is_measured_is_made_without_clips_to_listen_to(make_cloning, network, tmp_path):
    cloning = make_cloning(texts=["one two", "six"])
    samples = written(cloning, network, tmp_path)
    assert len(samples) == 2 * (3 + 2 + 3), "each with two seeds"
    assert len({sample.made_of for sample in samples}) == len(samples)
    assert len({sample.name for sample in samples}) == len(samples)
    assert all(soundfile.info(sample.path).samplerate == RATE for sample in samples)
    figures = {name for sample in samples for name in sample.figures}
    assert figures == cloned.units(cloning, {}).keys()
    assert figures == {"generated/stop_rate", "generated/length_ratio", MATCH, SEEN}


def test_what_it_is_made_of_stays_the_same_with_other_weights_and_not_with_other_sampling(
    make_cloning, network, tmp_path
):
    cloning = make_cloning()
    before = {sample.name: sample.made_of for sample in written(cloning, network, tmp_path / "a")}
    with torch.no_grad():
        network.model.audio_lm_head.weight.add_(1.0)
    after = {sample.name: sample.made_of for sample in written(cloning, network, tmp_path / "b")}
    assert after == before
    hotter = make_cloning(evolve(SPEECH, temperature=2.0))
    assert cloned.units(hotter, {}).keys() == cloned.units(cloning, {}).keys()
    ours, theirs = cloned.units(hotter, {}), cloned.units(cloning, {})
    assert all(ours[name] != theirs[name] for name in ours)


def test_judges_of_speech_hear_evaluation_clips_and_texts(make_cloning, network, tmp_path):
    folders = write_ctc(tmp_path / "ctc"), write_speaker_encoder(tmp_path / "speaker")
    judges = SpeechJudges("hu", *folders)
    cloning = make_cloning(evolve(SPEECH, seeds=(1,), max_seconds=0.04), texts=["one two"])
    writer = SampleWriter(cloning, judges, lambda place: np.full(RATE, 0.1, np.float32))
    samples = writer.write(tmp_path / "samples", 0, network.model)
    judged = [sample for sample in samples if "speech/similarity" in sample.figures]
    assert len(judged) == 3 + 1, "training clips are not judged"
    assert all(sample.figures["speech/similarity"] == 0.0 for sample in judged), "all too short"
    assert all(sample.figures["speech/wer"] >= 0.0 for sample in judged)
    named = {"speech/wer", "speech/cer", "speech/similarity"}
    assert cloned.units(cloning, judges.units(RATE)).keys() >= named


def test_clips_to_listen_to_lie_beside_reference_and_truth(make_cloning, network, tmp_path):
    samples = written(make_cloning(), network, tmp_path, num_clips=2)
    heard = [sample for sample in samples if not sample.made_of]
    assert [sample.name.split("/")[1] for sample in heard] == [
        *("reference", "truth", "codec", "clone"),
        *("reference", "truth", "codec", "clone"),
    ]
    assert len({sample.name.split("/")[0] for sample in heard}) == 2
    assert heard[3].caption.startswith("the clone: text of ")


def test_chance_and_the_match_of_recordings_are_said(make_cloning):
    cloning = make_cloning()
    found = cloned.baselines(cloning)
    assert found[f"baseline/chance/{MATCH}"] == 1 / 2, "two speakers are held out"
    assert found[f"baseline/chance/{SEEN}"] == 1 / 2, "as many are told apart"
    assert 0.0 <= found[f"baseline/recordings/{MATCH}"] <= 1.0


def test_the_voice_of_a_recording_is_matched_with_its_own_speaker(make_cloning):
    match = make_cloning().evaluation.match
    first, second = match.speakers
    references = match.clips.fixed_references
    of = {speaker: next(i for i in references if match.clips.speakers[i] == speaker)
          for speaker in match.speakers}  # fmt: skip
    for speaker in match.speakers:
        codes = match.clips.codes[of[speaker]].astype(np.int64)
        audio = match.codec.decode(codes).numpy()
        assert match.nearest(audio, speaker, of[speaker]) == speaker
    audio = match.codec.decode(match.clips.codes[of[second]].astype(np.int64)).numpy()
    assert match.nearest(np.zeros(0), first, of[first]) in match.speakers, (
        "of nothing it is a guess"
    )
    assert match.nearest(audio, first, of[first]) in match.speakers


def test_no_clips_are_generated_where_none_are_asked_for(make_cloning, network, tmp_path):
    cloning = make_cloning(evolve(SPEECH, num_clips=0))
    assert written(cloning, network, tmp_path) == []
    assert cloned.units(cloning, {"wer": Unit(definition="wer")}) == {}
    assert cloned.baselines(cloning) == {}
