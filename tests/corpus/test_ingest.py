import pickle
import shutil

import attrs
import numpy as np
import pytest
import soundfile

from engine.corpus import Corpus, ingest
from engine.corpus.account.explain import explain_clip
from engine.corpus.account.summary import report_rows
from engine.errors import UserError
from engine.files.lock import locked
from engine.recipe.params import Work

ONE = Work(num_workers=1)

MADE = {
    "audio",
    "corpus.json",
    "landmarks.npy",
    "manifest.jsonl",
    "near_duplicates.jsonl",
    "quarantine.jsonl",
    "tables.jsonl",
    "report.html",
    "report.json",
}


@pytest.fixture
def words(project, tone):
    """Ten good tones at ten pitches, half of them at another rate."""
    folder = project.root / "data" / "words"
    for number in range(10):
        tone(folder / f"{number}.wav", hz=200 + 50 * number, rate=(16_000, 44_100)[number % 2])
    return folder


def reasons(corpus):
    return {one.path: one.reason for one in corpus.manifest.quarantined}


def run(source, project, **settings):
    return ingest("words", source(**settings), project, work=ONE)


def test_a_folder_becomes_a_corpus(words, project, source):
    made = run(source, project)
    assert {path.name for path in project.corpus("words").iterdir()} == MADE
    corpus = Corpus.open(project.corpus("words"))
    assert corpus.digest == made.digest
    packed = corpus.packed(16_000)
    assert len(packed) == len(corpus.manifest.clips)
    assert packed.lengths.tolist() == [8_000] * 10
    assert np.abs(packed.read(3)[100:-100]).max() == pytest.approx(0.5 * 32768, rel=0.01)
    assert (corpus.report.num_found, corpus.report.num_used) == (10, 10)


def test_packed_samples_of_the_same_rate_are_the_files_own(words, project, source):
    samples, _ = soundfile.read(words / "2.wav", dtype="int16")
    assert np.array_equal(run(source, project).packed(16_000).read(2), samples)


def test_several_rates_are_packed_side_by_side(words, project, source):
    corpus = run(source, project, sample_rates_hz=(16_000, 22_050))
    assert corpus.packed(22_050).lengths.tolist() == [11_025] * 10
    assert corpus.packed(16_000).lengths.tolist() == [8_000] * 10


def test_a_rate_it_is_not_packed_at_names_the_key_to_extend(words, project, source):
    with pytest.raises(UserError, match=r"not at 24,000 Hz. Add 24000 to corpora.words.sample_rat"):
        run(source, project).packed(24_000)


def test_the_result_does_not_depend_on_the_number_of_workers(project, source, tone):
    for number in range(70):
        tone(project.root / "data" / "words" / f"{number}.wav", hz=100 + 10 * number, seconds=0.2)
    one = run(source, project)
    two = ingest("words", source(), project, work=Work(num_workers=2))
    assert (one.digest, one.manifest) == (two.digest, two.manifest)


def test_progress_counts_every_file(words, project, source):
    seen = []
    ingest("words", source(), project, work=ONE, progress=lambda *place: seen.append(place))
    assert seen[-1] == (10, 10)


def test_every_bad_file_is_quarantined_with_its_reason(words, project, source, tone):
    tone(words / "low.wav", rate=4_000)
    tone(words / "quiet.wav", level=0.0009)
    tone(words / "short.wav", seconds=0.05)
    tone(words / "long.wav", seconds=3)
    tone(words / "none.wav", seconds=0)
    shutil.copy(words / "0.wav", words / "twin.wav")
    (words / "text.wav").write_text("text")
    (words / "notes.txt").write_text("text")
    corpus = run(source, project, at_most_bad=0.9, max_seconds=2.0)
    assert reasons(corpus) == {
        "low.wav": "sample rate too low",
        "quiet.wav": "silent",
        "short.wav": "too short",
        "long.wav": "too long",
        "none.wav": "empty",
        "twin.wav": "duplicate of",
        "text.wav": "unreadable",
    }
    assert corpus.report.num_used == 10
    assert corpus.report.num_found == 17
    assert [str(one) for one in corpus.report.passed_over] == [".txt files: 1 (notes.txt)"]
    assert corpus.packed(16_000).lengths.tolist() == [8_000] * 10


def test_a_broken_link_is_quarantined_and_counted(words, project, source):
    (words / "gone.mp3").symlink_to("nowhere.mp3")
    corpus = run(source, project, at_most_bad=0.2)
    assert reasons(corpus) == {"gone.mp3": "unreadable"}
    assert (corpus.report.num_found, corpus.report.num_used) == (11, 10)


def test_the_same_recording_in_another_format_is_a_duplicate(words, project, source):
    samples, rate = soundfile.read(words / "0.wav", dtype="int16")
    soundfile.write(words / "x.flac", samples, rate)
    soundfile.write(words / "y.wav", samples.astype(np.float32) / 32768, rate, subtype="FLOAT")
    corpus = run(source, project, at_most_bad=0.5)
    assert reasons(corpus) == {"x.flac": "duplicate of", "y.wav": "duplicate of"}
    assert {one.detail for one in corpus.manifest.quarantined} == {"0.wav"}


def test_lower_rates_are_taken_when_they_are_allowed(words, project, source, tone):
    tone(words / "low.wav", rate=4_000)
    assert run(source, project, min_sample_rate_hz=4_000).report.num_used == 11


def test_samples_beyond_full_scale_are_clipped_and_counted(words, project, source, tone):
    tone(words / "loud.wav", level=1.005, subtype="FLOAT")
    corpus = run(source, project)
    assert corpus.report.num_beyond_full_scale == 1
    index = [clip.id for clip in corpus.manifest.clips].index("loud")
    assert corpus.packed(16_000).read(index).max() == 32767
    assert 0 < corpus.manifest.clips[index].clipped_share < 0.1


def test_too_many_bad_files_stop_it_and_leave_nothing(words, project, source):
    for number in range(7):
        (words / f"bad{number}.wav").write_text("text")
    sentence = (
        r"7 of the 17 files of corpus 'words' .* bad0.wav \(unreadable: .*; and 2 more.*set "
        r"at_most_bad = 0.42 in \[corpora.words\] of params.toml"
    )
    with pytest.raises(UserError, match=sentence):
        run(source, project, at_most_bad=0.2)
    assert list(project.corpus("words").parent.iterdir()) == []


def test_one_bad_file_and_any_duplicates_do_not_stop_a_small_corpus(words, project, source):
    (words / "bad.wav").write_text("text")
    shutil.copy(words / "0.wav", words / "twin.wav")
    assert len(reasons(run(source, project))) == 2
    with pytest.raises(UserError, match="1 of the 12 files"):
        run(source, project, at_most_bad=0.0)


def test_a_failure_leaves_the_corpus_that_was_there(words, project, source):
    before = run(source, project)
    for number in range(10):
        (words / f"{number}.wav").write_text("text")
    with pytest.raises(UserError):
        run(source, project)
    assert Corpus.open(project.corpus("words")).digest == before.digest


def test_a_new_run_takes_the_old_ones_place(words, project, source, tone):
    before = run(source, project)
    tone(words / "new.wav", hz=999)
    after = run(source, project)
    assert after.report.num_used == 11
    assert after.digest != before.digest
    assert [path.name for path in project.corpus("words").parent.iterdir()] == ["words"]


def test_what_a_killed_run_left_is_cleared(words, project, source):
    left = project.corpus("words").with_name(".words.partial")
    (left / "finished").mkdir(parents=True)
    run(source, project)
    assert not left.exists()


def test_nothing_but_bad_files_is_an_error_whatever_the_quota(project, source):
    folder = project.root / "data" / "words"
    folder.mkdir()
    (folder / "a.wav").write_text("text")
    with pytest.raises(UserError, match="1 of the 1 files"):
        run(source, project, at_most_bad=1.0)


def test_a_folder_without_audio_is_an_empty_corpus(project, source):
    (project.root / "data" / "words").mkdir()
    (project.root / "data" / "words" / "README").write_text("text")
    with pytest.raises(
        UserError,
        match=r"'words' is empty: .* no audio file .*: files without a suffix: 1 \(README\)",
    ):
        run(source, project)


@pytest.mark.parametrize("place", ["recordings", "../elsewhere", "data"])
def test_a_folder_outside_data_is_refused_and_adopt_is_named(project, source, place):
    outside = attrs.evolve(source(), source=place)
    with pytest.raises(UserError, match=rf"not lie below data/.*'cantus adopt {place} --as words'"):
        ingest("words", outside, project, work=ONE)


def test_a_link_that_leaves_data_is_refused(project, source, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (project.root / "data" / "words").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match=r"a link to .*elsewhere.* Delete the link and run"):
        run(source, project)


def test_a_source_that_does_not_exist_names_the_key(project, source):
    with pytest.raises(UserError, match=r"corpora.words.source in params.toml .* no such folder"):
        run(source, project)


def test_a_corpus_that_was_not_ingested_names_the_command(project):
    with pytest.raises(UserError, match="Run 'cantus ingest words'"):
        Corpus.open(project.corpus("words"))


def test_a_damaged_report_is_an_error_in_words(words, project, source):
    run(source, project)
    (project.corpus("words") / "report.json").write_text("{}")
    with pytest.raises(UserError, match=r"report.json is missing or damaged"):
        Corpus.open(project.corpus("words"))


# ---- what is kept between two runs ----


def shards(project):
    """Each kept shard of the corpus and the file its samples lie in."""
    kept = project.ingest("words").glob("*/16000.pcm")
    return {path.parent.name: path.stat().st_ino for path in kept}


def many(folder, tone, numbers):
    for number in numbers:
        tone(folder / f"{number:03d}.wav", hz=100 + 7 * number, seconds=0.11)


def test_adding_files_measures_the_shards_they_fall_into_and_no_other(project, source, tone):
    folder = project.root / "data" / "words"
    many(folder, tone, range(400))
    run(source, project)
    before = shards(project)
    many(folder, tone, range(400, 410))
    corpus = run(source, project)
    after = shards(project)
    assert corpus.report.num_used == 410
    assert len(before) > 2
    assert len(before.keys() - after.keys()) <= 1
    assert all(after[name] == before[name] for name in before.keys() & after.keys())


def test_what_was_built_up_is_byte_for_byte_what_is_made_at_once(project, source, tone):
    folder = project.root / "data" / "words"
    for numbers in (range(100, 200), range(100), range(200, 260)):
        many(folder, tone, numbers)
        run(source, project)
    (folder / "007.wav").unlink()
    run(source, project)
    grown = contents(project.corpus("words"))
    shutil.rmtree(project.ingest("words"))
    run(source, project)
    assert contents(project.corpus("words")) == grown


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_an_ingest_that_was_killed_goes_on_where_it_was(project, source, tone):
    folder = project.root / "data" / "words"
    many(folder, tone, range(300))
    run(source, project)
    whole, kept = contents(project.corpus("words")), shards(project)
    first = sorted(kept)[0]
    shutil.rmtree(project.ingest("words") / first)
    shutil.rmtree(project.corpus("words"))
    run(source, project)
    assert contents(project.corpus("words")) == whole
    assert {name: shards(project)[name] for name in kept if name != first} == {
        name: inode for name, inode in kept.items() if name != first
    }


def test_adding_a_rate_does_not_change_what_a_run_at_another_sees(words, project, source):
    one = run(source, project)
    two = run(source, project, sample_rates_hz=(16_000, 22_050))
    assert one.digest_at(16_000) == two.digest_at(16_000)
    assert two.digest_at(22_050) != two.digest_at(16_000)


def test_a_second_ingest_of_the_same_corpus_is_refused(words, project, source):
    with locked(project.ingest("words"), "busy"), pytest.raises(UserError, match="Another process"):
        run(source, project)
    assert run(source, project).report.num_used == 10


@pytest.mark.parametrize("name", ["manifest.jsonl", "quarantine.jsonl"])
def test_a_table_that_was_edited_is_refused(words, project, source, name):
    run(source, project)
    with (project.corpus("words") / name).open("a") as file:
        file.write("\n")
    with pytest.raises(UserError, match=rf"{name} is not the table that was ingested"):
        Corpus.open(project.corpus("words"))


def test_what_was_found_is_kept_where_too_much_of_it_is_bad(words, project, source):
    for name in ("bad.wav", "worse.wav"):
        (words / name).write_text("text")
    with pytest.raises(UserError, match=r"All of them: build/ingest/words/ref"):
        run(source, project)
    refused = project.ingest("words") / "refused" / "words"
    assert explain_clip(refused, "bad.wav").startswith("bad.wav is quarantined")
    assert (refused / "report.html").is_file()
    for name in ("bad.wav", "worse.wav"):
        (words / name).unlink()
    run(source, project)
    assert not refused.exists()


def test_a_file_whose_name_is_a_segments_id_keeps_ids_apart(project, source, tone):
    folder = project.root / "data" / "words"
    tone(folder / "a_00000000.wav", hz=300)
    noise = 0.1 * np.random.default_rng(0).standard_normal(80_000)
    soundfile.write(folder / "a.wav", noise, 16_000)
    corpus = run(source, project, segment="silence", max_seconds=2.0)
    ids = [clip.id for clip in corpus.manifest.clips]
    assert len(ids) == len(set(ids))
    assert ids[-1] == "a_00000000_2"


def test_text_stays_with_the_file_that_a_table_names(project, source, tone):
    folder = project.root / "data" / "words"
    tone(folder / "wavs" / "0.wav")
    samples, rate = soundfile.read(folder / "wavs" / "0.wav", dtype="int16")
    soundfile.write(folder / "wavs" / "0.flac", samples, rate)
    tone(folder / "wavs" / "1.wav", hz=700)
    (folder / "metadata.csv").write_text("file|text\n0.wav|zero\n1.wav|one\n")
    corpus = run(source, project)
    assert [clip.text for clip in corpus.manifest.clips] == ["zero", "one"]


def test_an_open_corpus_is_not_mixed_with_the_one_after_it(words, project, source, tone):
    before = run(source, project)
    clips, packed = before.manifest.clips, before.packed(16_000)
    first, sent = clips[0], (pickle.dumps(clips), pickle.dumps(packed))
    tone(words / "00.wav", hz=999)
    (words / "3.wav").unlink()
    run(source, project)
    assert clips[0] == first
    for one in sent:
        with pytest.raises(UserError, match="ingested again"):
            pickle.loads(one)


def test_files_whose_header_disagrees_are_used_and_counted_or_named(words, project, source):
    content = bytearray((words / "0.wav").read_bytes())
    content[40:44] = bytes(4)
    (words / "0.wav").write_bytes(content)
    (words / "1.wav").write_bytes((words / "1.wav").read_bytes() * 2)
    made = run(source, project, at_most_bad=0.5)
    assert reasons(made) == {"1.wav": "header disagrees"}
    (clip,) = [one for one in made.manifest.clips if one.header_fault]
    assert (clip.path, clip.num_frames) == ("0.wav", 8_000)
    assert made.report.num_header_faults == 1
    said = dict(report_rows(made.report))["header disagrees"]
    assert said == "1 clip, read to the end of the file"
    said = explain_clip(project.corpus("words"), "0.wav")
    assert "header disagrees  it says no length, and 16,000 bytes of audio are there" in said
    assert "header disagrees" in (project.corpus("words") / "report.html").read_text()
