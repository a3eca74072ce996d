import shutil

import numpy as np
import pytest
import soundfile

from engine.corpus import ingest
from engine.corpus.builtin import synthesize
from engine.errors import UserError
from engine.project import Project
from engine.recipe.params import CorpusSource, Work

pytest.importorskip("espeakng_loader")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project whose built-in corpora are two words, two sentences, and one template."""
    root = tmp_path_factory.mktemp("project")
    folder = root / "data" / "builtin"
    folder.mkdir(parents=True)
    (folder / "words.tsv").write_text("word\nyes\nvisual\n")
    (folder / "speech.tsv").write_text("language\ttext\nhu\tJó reggelt!\nen\tGood night.\n")
    (folder / "voice.tsv").write_text(
        "slot\ttext\nsentence\t{day} süt a nap.\nday\tma\nday\tkedden\n"
    )
    (folder / "cloning.tsv").write_text(
        "slot\ttext\nsentence\t{first} {second}\nfirst\tone\nsecond\ttwo\nsecond\tsix\n"
    )
    (folder / "voices.tsv").write_text(
        "corpus\tvoice\tlist\nwords\ten-us+m1\ttrain\nwords\ten+f2\teval\n"
        "speech\thu+m3\t\nspeech\ten-us+f3\t\nvoice\thu+m3\t\nvoice\thu+f2\t\n"
        "speakers\ten-us+f3\t\nspeakers\ten-us+m3\t\n"
        "cloning\ten-us+m4\ttrain\ncloning\ten-us+zac\teval\n"
    )
    return Project(root)


def make(name, project, rate):
    source = CorpusSource(source="builtin", sample_rates_hz=(rate,))
    return ingest(name, source, project, work=Work(num_workers=1))


def pitch_hz(samples):
    """The highest of 70 to 450 Hz at whose period a clip of 22,050 Hz is most like itself."""
    power = np.abs(np.fft.rfft(samples.astype(float), 2 * len(samples))) ** 2
    alike = np.fft.irfft(power)[49:315]
    return 22_050 / (49 + np.flatnonzero(alike > 0.8 * alike.max())[0])


def test_words_are_a_corpus_like_any_other_and_bit_identical_each_time(project):
    corpus = make("words", project, 16_000)
    facts = [(one.label, one.speaker, one.listed) for one in corpus.manifest.clips]
    assert facts[:2] == [("visual", "en+f2", "eval")] * 2
    assert facts[2:4] == [("visual", "en-us+m1", "train")] * 2
    assert corpus.packed(16_000).lengths.tolist() == [16_000] * 8
    assert corpus.report.layout == "speech_commands"
    shutil.rmtree(project.corpus("words"))
    assert make("words", project, 16_000).digest == corpus.digest


def test_sentences_carry_transcript_language_and_speaker(project):
    corpus = make("speech", project, 22_050)
    assert [(one.text, one.language, one.speaker) for one in corpus.manifest.clips] == [
        ("Good night.", "en", "en-us+f3"),
        ("Jó reggelt!", "hu", "hu+m3"),
    ]
    assert corpus.report.layout == "metadata"


def test_sentences_of_templates_are_said_by_each_voice_at_one_level(project):
    corpus = make("voice", project, 22_050)
    said = {(one.text, one.language, one.speaker) for one in corpus.manifest.clips}
    texts, voices = ("Kedden süt a nap.", "Ma süt a nap."), ("hu+f2", "hu+m3")
    assert said == {(text, "hu", voice) for text in texts for voice in voices}
    packed = corpus.packed(22_050)
    peaks = [np.abs(packed.read(row).astype(float)).max() / 2**15 for row in range(4)]
    assert -9.1 < 20 * np.log10(min(peaks)) <= 20 * np.log10(max(peaks)) < -7.9


def test_speakers_say_the_same_sentences_and_no_two_alike(project):
    corpus = make("speakers", project, 22_050)
    said = [(one.text, one.speaker) for one in corpus.manifest.clips]
    assert said == [("Good night.", "en-us+f3"), ("Good night.", "en-us+m3")]
    assert len(set(corpus.packed(22_050).lengths.tolist())) == 2


def test_voices_to_clone_say_the_same_at_pitches_of_their_own_and_are_held_out_whole(project):
    corpus = make("cloning", project, 22_050)
    said = {(one.text, one.speaker, one.listed) for one in corpus.manifest.clips}
    voices = (("en-us+m4", "train"), ("en-us+zac", "eval"))
    assert said == {(text, *voice) for text in ("One six", "One two") for voice in voices}
    low, low_too, high, high_too = (pitch_hz(corpus.packed(22_050).read(row)) for row in range(4))
    assert low_too == pytest.approx(low, rel=0.1)
    assert high_too == pytest.approx(high, rel=0.1)
    assert high > 1.5 * low


def test_built_in_corpora_are_left_as_ordinary_folders(project, tmp_path):
    synthesize("words", project.root / "data" / "builtin", tmp_path / "words")
    assert soundfile.info(tmp_path / "words" / "yes" / "en-us+m1_nohash_1.wav").duration == 1.0
    assert "en+f2" in (tmp_path / "words" / "validation_list.txt").read_text()
    assert (tmp_path / "words" / "testing_list.txt").read_text() == ""


def test_another_name_is_refused(project, tmp_path):
    with pytest.raises(
        UserError,
        match=r"no built-in corpus 'songs', only 'words', .* 'speakers' and 'cloning'",
    ):
        synthesize("songs", project.root / "data" / "builtin", tmp_path / "songs")


def test_an_unknown_voice_reaches_the_user_from_the_other_process(project, tmp_path):
    prompts = shutil.copytree(project.root / "data" / "builtin", tmp_path / "builtin")
    (prompts / "voices.tsv").write_text("corpus\tvoice\tlist\nwords\ten-us+nobody\ttrain\n")
    with pytest.raises(UserError, match="no voice 'en-us\\+nobody'"):
        synthesize("words", prompts, tmp_path / "words")
