"""The test sentences of a small GPT from scratch, and clips said again."""

from collections import Counter

import numpy as np
import pytest
import soundfile
import torch
from attrs import evolve

from engine.errors import UserError
from engine.recipe.judgement import Expectation, Guard
from engine.recipe.params import SpeechEvaluation
from engine.systems.xtts.network.vocoder import HifiDecoder, VocoderSettings
from engine.systems.xtts.recipe import Speech
from engine.systems.xtts.speech.speak import most_codes, odd_duration
from engine.systems.xtts.system import XttsSystem, build
from tests.metrics.judge_models import write_ctc, write_speaker_encoder
from tests.systems.xtts.small_project import RATE, SMALL, load_params_of

SPEECH = Speech(sentences=("jó napot", "szép az idő"), seeds=(1, 2))


@pytest.fixture
def make_speaking(make_xtts_recipe, spoken_project):
    """A system that speaks sentences: make(speech, recipe of other settings, speech_judges)."""

    def make(speech=SPEECH, speech_evaluation=None, **more):
        recipe = evolve(make_xtts_recipe(), speech=speech, **more)
        params = evolve(
            load_params_of(spoken_project),
            speech_evaluation=speech_evaluation or SpeechEvaluation(),
        )
        torch.manual_seed(1)
        system = build(recipe, spoken_project, params)
        system.module.eval()
        return system

    return make


@pytest.fixture(scope="module")
def speech_judges(tmp_path_factory):
    folder = tmp_path_factory.mktemp("speech_judges")
    recogniser, encoder = write_ctc(folder / "ctc"), write_speaker_encoder(folder / "speaker")
    return SpeechEvaluation(speech_recogniser=str(recogniser), speaker_encoder=str(encoder))


def test_without_clips_the_sentences_alone_are_spoken_with_each_seed(make_speaking, tmp_path):
    made = make_speaking().samples(tmp_path / "start", 0)
    names = [f"sentence_{number}/seed_{seed}" for number in (1, 2) for seed in (1, 2)]
    assert [sample.name for sample in made] == names
    files = sorted(path.relative_to(tmp_path / "start") for path in tmp_path.rglob("*.wav"))
    assert [str(path.with_suffix("")) for path in files] == names


def test_where_there_is_a_vocoder_it_is_heard(make_speaking, monkeypatch, tmp_path):
    vocoder = HifiDecoder(VocoderSettings(latent_dim=SMALL.dim, channels=32)).eval()
    monkeypatch.setattr(XttsSystem, "_vocoder", vocoder)
    (sample, *_) = make_speaking().samples(tmp_path / "start", 0)
    info = soundfile.info(sample.path)
    assert info.samplerate == 24_000
    assert info.duration == pytest.approx(sample.figures["speech/seconds"])


def test_without_sentences_and_clips_nothing_is_written(make_speaking, tmp_path):
    assert make_speaking(Speech()).samples(tmp_path / "start", 0) == []
    assert not (tmp_path / "start").exists()


def test_the_same_weights_say_the_same_and_others_something_else(make_speaking, tmp_path):
    system = make_speaking()
    first, second = (system.samples(tmp_path / name, 0) for name in ("one", "two"))
    assert [one.path.read_bytes() for one in first] == [two.path.read_bytes() for two in second]
    assert first[0].path.read_bytes() != first[1].path.read_bytes()
    with torch.no_grad():
        for parameter in system.module.network.parameters():
            parameter.add_(0.02 * torch.randn_like(parameter))
    third = system.samples(tmp_path / "three", 0)
    assert first[0].path.read_bytes() != third[0].path.read_bytes()
    assert [one.made_of for one in first] == [three.made_of for three in third]


def test_what_a_sentence_is_made_of_is_sentence_seed_voice_and_sampling(make_speaking, tmp_path):
    def made_of(**speech):
        sentences = make_speaking(evolve(SPEECH, **speech))._sentences
        return sentences.made_of(sentences.speech.sentences[0], sentences.speech.seeds[0])

    one = made_of()
    assert made_of(sentences=("jó napot",), seeds=(1,)) == one
    for other in ({"sentences": ("viszlát",)}, {"seeds": (3,)}, {"temperature": 0.5}):
        assert made_of(**other) != one, other
    sentences = make_speaking()._sentences
    rest = np.delete(np.arange(len(sentences.clips)), sentences.voice)
    other_voice = evolve(sentences, clips=sentences.clips.only(rest))
    assert other_voice.made_of("jó napot", 1) != one


def test_sentences_are_in_the_voice_of_the_longest_evaluation_clip(make_speaking, tmp_path):
    system = make_speaking()
    (sample, *_) = system.samples(tmp_path / "start", 0)
    clips = system.eval_clips
    lengths = {id_: len(codes) for id_, codes in zip(clips.ids, clips.codes, strict=True)}
    named = sample.caption.removeprefix("jó napot (seed 1, in the voice of ").removesuffix(")")
    assert lengths[named] == max(lengths.values())


def test_a_gpt_that_never_stops_is_cut_off_and_it_is_said(make_speaking, tmp_path):
    system = make_speaking()
    stop = system.module.network.settings.stop_audio_token
    with torch.no_grad():
        system.module.network.mel_head.bias[stop] = -1e4
    (sample, *_) = system.samples(tmp_path / "start", 0)
    assert "cut off: it did not come to an end by itself" in sample.notes
    assert "far too long for its text" in sample.notes
    assert sample.figures["speech/unfinished"] == sample.figures["speech/odd"] == 1.0
    seconds = soundfile.info(sample.path).duration
    assert seconds == pytest.approx(sample.figures["speech/seconds"])
    assert sample.notes[0].startswith(f"{seconds:.1f} s, ")
    assert 2.0 < seconds < 2.0 + 4 * 8 * 4 * 1024 / RATE


def test_what_is_cut_off_was_far_too_long_already():
    for characters in (1, 20, 400):
        assert odd_duration(most_codes(characters, 1.4) - 1, characters, 1.4) == "long"


def test_with_speech_judges_there_are_error_rates_and_likeness(
    make_speaking, speech_judges, tmp_path
):
    system = make_speaking(speech_evaluation=speech_judges)
    for sample in system.samples(tmp_path / "start", 0):
        assert {"speech/wer", "speech/cer", "speech/similarity"} <= sample.figures.keys()
        assert any(note.startswith("recognized: ") for note in sample.notes)
        assert any(note.startswith("voice alike: ") for note in sample.notes)
    own = {name.removeprefix("eval/") for name in system.recipe.metrics if "/speech/" in name}
    assert sample.figures.keys() == own
    assert own <= system.metric_units.keys()


def test_figures_of_another_recogniser_or_sentence_are_of_another_scale(
    make_speaking, speech_judges
):
    one = make_speaking(speech_evaluation=speech_judges).metric_units
    sentence = make_speaking(
        Speech(sentences=("viszlát",)), speech_evaluation=speech_judges
    ).metric_units
    assert all(one[name] != sentence[name] for name in one if name.startswith("speech/"))
    encoder = speech_judges.speaker_encoder
    deaf = make_speaking(speech_evaluation=SpeechEvaluation(speaker_encoder=encoder)).metric_units
    assert deaf["speech/wer"] != one["speech/wer"]
    assert one["speech/wer"].language == "hu"
    assert deaf["speech/similarity"] == one["speech/similarity"]
    assert one["speech/seconds"] == deaf["speech/seconds"] != deaf["speech/similarity"]


def test_a_recogniser_that_is_not_there_is_refused_before_training(make_speaking, tmp_path):
    nowhere = SpeechEvaluation(speech_recogniser="nowhere")
    with pytest.raises(UserError, match="nowhere is no speech recognizer: there is no config"):
        make_speaking(speech_evaluation=nowhere)
    assert make_speaking(Speech(), speech_evaluation=nowhere), "nothing is spoken"


def test_an_expectation_that_needs_a_recogniser_is_refused_without_one(
    make_speaking,
):
    belief = Expectation(steps=(6,), high=(0.5,))
    said = (
        r"on 'eval/speech/wer' \(expect.eval/speech/wer\), which needs a model to measure it: set "
        "speech_evaluation.speech_recogniser in params.toml"
    )
    with pytest.raises(UserError, match=said):
        make_speaking(expect={"eval/speech/wer": belief})


def test_sentences_neither_pick_a_checkpoint_nor_stop_a_run(make_xtts_recipe):
    recipe = make_xtts_recipe(best="eval/speech/wer")
    guarded = evolve(recipe, guard={"eval/speech/cer": (Guard(below=0.5),)})
    faults = dict(guarded.cross_checks())
    said = "is measured before and after training only"
    assert faults["training.best"].startswith(f"eval/speech/wer {said}")
    assert faults["guard.eval/speech/cer"].startswith(f"eval/speech/cer {said}")


def test_a_clip_is_said_again_and_what_is_said_of_it_stands_beside(make_speaking, tmp_path):
    system = make_speaking(Speech(sentences=("jó napot",)))
    samples = system.samples(tmp_path / "final", 1)
    parts = Counter(sample.name.partition("/")[2] for sample in samples)
    assert parts == Counter(["original", "codes", "spoken", "seed_1"])
    clips = system.corpus.manifest.clips
    (spoken,) = (sample for sample in samples if sample.name.endswith("spoken"))
    assert spoken.caption in {clips[row].text for row in system.eval_clips.rows.tolist()}
    assert "codes a character" in spoken.notes[0]
    assert not spoken.made_of


@pytest.mark.parametrize("shortest", [True, False])
def test_what_is_longer_than_any_training_clip_is_odd_and_that_is_said(
    make_speaking, tmp_path, shortest
):
    system = make_speaking()
    spoken = len(system.reader().read("jó napot", [1], _voice(system), 1).spoken.codes)
    reader = evolve(system.reader(), longest=spoken - 1 if shortest else spoken)
    reading = reader.read("jó napot", [1], _voice(system), 1)
    said = any("longer than any training clip: the longest has" in note for note in reading.notes)
    assert said == shortest
    assert reading.figures["odd"] == float(shortest or reading.odd is not None)


def test_the_longest_training_clip_is_that_of_the_run(make_speaking):
    system = make_speaking()
    assert system.reader().longest == max(len(codes) for codes in system.train_clips.codes)


def _voice(system):
    return system.reader().voice(system.eval_clips.audio(0))
