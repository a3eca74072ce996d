"""Clips that sound alike: listed by ingest, and left out of training where one is evaluated on."""

import json

import numpy as np
import pytest
import soundfile
from attrs import evolve

from engine.corpus import Corpus, ingest
from engine.corpus.account.explain import explain_clip
from engine.corpus.account.near_duplicates import NEAR_DUPLICATES_FILE
from engine.corpus.account.page import PAGE_FILE
from engine.corpus.account.summary import near_duplicate_lines, report_rows
from engine.corpus.integrity import require_intact
from engine.corpus.measure.fingerprint import Fingerprint
from engine.corpus.store.landmark_file import LANDMARKS_FILE
from engine.errors import UserError
from engine.evaluation.sound.landmarks import LANDMARK
from engine.project import Project
from engine.recipe.dataset import CorpusClips
from engine.recipe.params import CorpusSource, Work
from engine.split.columns import columns_of
from engine.split.split_clips import split_around, split_clips
from tests.made_sounds import RATE_HZ, at_speed, syllables

ONE = Work(num_workers=1)
SOURCE = CorpusSource(source="data/words", sample_rates_hz=(RATE_HZ,))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A corpus of ten clips, of which two are there again: as MP3, and 3 % faster."""
    project = Project(tmp_path_factory.mktemp("project"))
    folder = project.root / "data/words"
    folder.mkdir(parents=True)
    clips = [syllables(seed) for seed in range(10)]
    for number, samples in enumerate(clips):
        soundfile.write(folder / f"{number}.wav", samples, RATE_HZ)
    soundfile.write(folder / "again.mp3", clips[3], RATE_HZ)
    soundfile.write(folder / "fast.flac", at_speed(clips[4], 1.03), RATE_HZ)
    soundfile.write(folder / "short.wav", clips[5][4_000:6_000], RATE_HZ)
    return ingest("words", SOURCE, project, work=ONE)


@pytest.fixture(scope="module")
def quieter(tmp_path_factory):
    """A corpus of ten clips, of which one is there again at another level."""
    project = Project(tmp_path_factory.mktemp("project"))
    folder = project.root / "data/words"
    folder.mkdir(parents=True)
    for number in range(10):
        soundfile.write(folder / f"{number}.wav", syllables(number), RATE_HZ)
    soundfile.write(folder / "quiet.wav", 0.7 * syllables(3), RATE_HZ)
    return ingest("words", SOURCE, project, work=ONE)


def rows_called(corpus, *names):
    ids = [clip.id for clip in corpus.manifest.clips]
    return np.array(sorted(ids.index(name) for name in names))


def test_ingest_lists_clips_that_sound_alike_and_uses_them(made):
    alike = made.report.near_duplicates
    assert (made.report.num_used, alike.num_clips, alike.num_pairs) == (13, 2, 2)
    assert {(one.clip, one.other) for one in alike.first} == {("again", "3"), ("fast", "4")}
    lines = (made.folder / NEAR_DUPLICATES_FILE).read_text().splitlines()
    assert [json.loads(line)[:2] for line in lines] == [["again", "3"], ["fast", "4"]]


def test_clips_too_short_for_a_fingerprint_are_counted(made):
    assert made.report.near_duplicates.num_unknown == 1
    (said,) = (value for name, value in report_rows(made.report) if name == "sound alike")
    assert said.startswith("2 clips sound like another")
    assert said.endswith("1 are too short to be compared")


def test_the_terminal_the_page_and_explain_name_the_pairs(made):
    said = near_duplicate_lines(made.report.near_duplicates)
    assert said[0].strip().startswith("again sounds like 3: ")
    assert "again sounds like 3: " in (made.folder / PAGE_FILE).read_text()
    assert "again sounds like 3: " in explain_clip(made.folder, "again.mp3")
    assert "sounds like" not in explain_clip(made.folder, "7.wav")


def test_a_copy_of_an_evaluation_clip_is_not_trained_on(made):
    rows = np.arange(len(made.manifest.clips))
    columns = columns_of(made.manifest.clips, made.fingerprints(rows))
    rule = CorpusClips(corpus="words", split="random")
    split = split_around(columns, rows_called(made, "3", "4"), rule, "given")
    assert not np.isin(rows_called(made, "again", "fast"), split.train).any()
    assert split.how == "given; 2 that sound like an evaluation clip are not learned from"
    assert len(split.train) == 9


def test_clips_are_compared_among_those_that_a_recipe_may_use(made):
    rows = rows_called(made, "again", "3", "7", "8")
    clips = made.manifest.clips
    columns = columns_of(clips.only(rows), made.fingerprints(rows))
    split = split_around(columns, np.array([0]), CorpusClips(corpus="words"), "given")
    assert [clips[row].id for row in rows[split.evaluation]] == ["3"]
    assert [clips[row].id for row in rows[split.train]] == ["7", "8"]


def test_a_clip_with_another_transcript_is_trained_on_and_said(made):
    texts = {"3": "one", "again": "One.", "4": "three", "fast": "two"}
    clips = [evolve(clip, text=texts.get(clip.id)) for clip in made.manifest.clips]
    columns = columns_of(clips, made.fingerprints(np.arange(len(clips))))
    rule = CorpusClips(corpus="words", split="random")
    split = split_around(columns, rows_called(made, "3", "4"), rule, "given")
    assert rows_called(made, "fast")[0] in split.train
    assert rows_called(made, "again")[0] not in split.train
    assert "1 training clips sound for the most part like an evaluation clip" in split.leaks


def test_a_quieter_copy_is_no_training_clip_whatever_its_transcript_says(quieter):
    rows = np.arange(len(quieter.manifest.clips))
    texts = {"3": "one", "quiet": "two", "5": "three"}
    clips = [evolve(clip, text=texts.get(clip.id)) for clip in quieter.manifest.clips]
    columns = columns_of(clips, quieter.fingerprints(rows))
    split = split_around(columns, rows_called(quieter, "3", "5"), CorpusClips(corpus="words"), "")
    assert rows_called(quieter, "quiet")[0] not in split.train
    assert split.copied == 1
    assert split.leaks is None or "sound for the most part" not in split.leaks


def test_without_fingerprints_clips_are_known_by_their_samples_alone(made):
    rule = CorpusClips(corpus="words", split="random", eval_share=0.3)
    split = split_clips(columns_of(made.manifest.clips), rule, seed=1)
    assert len(split.train) + len(split.evaluation) == 13


def test_a_corpus_of_an_older_release_says_what_to_do(made, tmp_path):
    corpus = Corpus.open(made.folder)
    there = corpus.folder / LANDMARKS_FILE
    kept = there.read_bytes()
    try:
        there.unlink()
        with pytest.raises(UserError, match=r"has no fingerprints.*Run 'cantus ingest words'"):
            corpus.fingerprints(np.arange(3))
        there.write_bytes(kept[:200])
        with pytest.raises(UserError, match=r"landmarks.npy is damaged"):
            corpus.fingerprints(np.arange(3))
    finally:
        there.write_bytes(kept)


def test_verify_finds_fingerprints_that_changed(made):
    path = made.folder / LANDMARKS_FILE
    kept = path.read_bytes()
    project, source = Project(made.folder.parents[2]), SOURCE
    assert require_intact("words", source, project, read=True) == 13
    try:
        path.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
        with pytest.raises(UserError, match="not the fingerprints that were made"):
            require_intact("words", source, project, read=True)
    finally:
        path.write_bytes(kept)


def test_a_corpus_of_one_clip_has_no_near_duplicates(project, source):
    folder = project.root / "data/words"
    folder.mkdir(parents=True)
    soundfile.write(folder / "only.wav", syllables(1), RATE_HZ)
    alike = ingest("words", source(), project, work=ONE).report.near_duplicates
    assert (alike.num_clips, alike.num_pairs, alike.first) == (0, 0, ())


@pytest.mark.parametrize("rate", [8_000, 44_100])
def test_blocks_give_what_a_clip_at_once_gives_whatever_the_rate(rate):
    samples = syllables(9, 3.0)
    whole, parts = Fingerprint(rate), Fingerprint(rate)
    whole.add(samples)
    for start in range(0, len(samples), 1_000):
        parts.add(samples[start : start + 1_000])
    assert np.array_equal(whole.finish(), parts.finish())


def test_a_long_recording_is_taken_in_pieces_that_agree_with_the_whole(monkeypatch):
    samples = syllables(9, 12.0)
    whole = landmarks(samples)
    monkeypatch.setattr("engine.corpus.measure.fingerprint._PIECE_SECONDS", 5)
    pieces = landmarks(samples, block=8_000)
    assert pieces["seconds"] == pytest.approx(whole["seconds"], abs=0.02)
    bits = np.bitwise_count(pieces["codes"] ^ whole["codes"]).sum((1, 2))
    assert (bits < 10).all()


def landmarks(samples, block=None):
    found = Fingerprint(RATE_HZ)
    for start in range(0, len(samples), block or len(samples)):
        found.add(samples[start : start + (block or len(samples))])
    return found.finish()


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.19])
def test_a_clip_that_is_too_short_has_no_landmarks(seconds):
    found = landmarks(syllables(1)[: round(seconds * RATE_HZ)], block=500)
    assert (len(found), found.dtype) == (0, LANDMARK)


def test_silence_has_no_landmarks():
    assert len(landmarks(np.zeros(RATE_HZ, np.float32))) == 0
