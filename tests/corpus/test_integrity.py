import os
import shutil

import pytest

from engine.corpus import ingest
from engine.corpus.integrity import require_intact
from engine.errors import UserError


@pytest.fixture
def words(project, source, tone):
    """An ingested corpus of twelve tones, one of them quarantined."""
    folder = project.root / "data" / "words"
    for number in range(11):
        tone(folder / f"{number:02d}.wav", hz=300 + 50 * number)
    (folder / "bad.wav").write_text("text")
    ingest("words", source(at_most_bad=0.2), project)
    return folder


@pytest.fixture
def check(project, source):
    return lambda **options: require_intact("words", source(at_most_bad=0.2), project, **options)


def change(path, *, keep_times=False):
    """Another sample in the middle, the same size."""
    before, content = path.stat(), bytearray(path.read_bytes())
    content[2_000] ^= 64
    path.write_bytes(content)
    if keep_times:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_what_was_ingested_is_intact(words, check):
    assert check() == 11
    assert check(read=True) == 11


@pytest.mark.parametrize("keep_times", [False, True])
def test_a_file_that_changed_is_named(words, check, keep_times):
    change(words / "04.wav", keep_times=keep_times)
    with pytest.raises(UserError, match=r"1 file of corpus 'words' changed .*: 04.wav. Put them"):
        check()


def test_a_file_that_is_gone_is_named(words, check):
    (words / "07.wav").unlink()
    with pytest.raises(UserError, match=r"07.wav \(gone\)"):
        check()


def test_a_file_that_was_only_touched_is_read_once_and_is_fine(words, check, project):
    os.utime(words / "03.wav")
    seen = project.ingest("words") / "seen.jsonl"
    before = seen.read_text()
    assert check() == 11
    assert seen.read_text() != before
    assert check() == 11


def test_files_that_are_not_used_may_change(words, check):
    (words / "bad.wav").write_text("other text")
    (words / "new.wav").write_text("text")
    assert check() == 11


def test_a_corpus_that_came_without_its_files_is_intact(words, check):
    words.rename(words.with_name("elsewhere"))
    assert check() == 11


def test_without_a_memory_everything_is_read(words, check, project):
    (project.ingest("words") / "seen.jsonl").write_text("{torn")
    (project.ingest("words") / "packed.json").unlink()
    assert check() == 11
    change(words / "00.wav")
    (project.ingest("words") / "seen.jsonl").unlink()
    with pytest.raises(UserError, match=r"00.wav"):
        check()


def test_a_packed_sample_that_changed_is_noticed(words, check, project):
    shard = next((project.corpus("words") / "audio" / "16000").glob("*.pcm"))
    change(shard)
    with pytest.raises(UserError, match=rf"{shard.name} is damaged: its checksum"):
        check()


def test_rot_that_leaves_no_trace_is_found_by_reading(words, check, project):
    shard = next((project.corpus("words") / "audio" / "16000").glob("*.pcm"))
    change(shard, keep_times=True)
    assert check() == 11
    with pytest.raises(UserError, match=r"its checksum"):
        check(read=True)


def test_settings_that_changed_are_named(words, project, source):
    changed = source(at_most_bad=0.9, min_seconds=0.2, sample_rates_hz=(8_000,))
    keys = r"corpora.words.min_seconds, corpora.words.sample_rates_hz"
    with pytest.raises(UserError, match=keys):
        require_intact("words", changed, project)
    with pytest.raises(UserError, match=r"corpora.words.segment in params"):
        require_intact("words", source(segment="silence", max_seconds=None), project)


def test_an_older_corpus_put_back_is_not_that_of_the_present_files(words, check, project, source):
    older = project.root / "older"
    shutil.copytree(project.corpus("words"), older)
    change(words / "05.wav")
    ingest("words", source(at_most_bad=0.2), project)
    assert check() == 11
    shutil.rmtree(project.corpus("words"))
    older.rename(project.corpus("words"))
    with pytest.raises(UserError, match=r"05.wav"):
        check()


def test_a_table_that_changed_is_named(project, source, tone):
    folder = project.root / "data" / "words"
    tone(folder / "0.wav")
    (folder / "metadata.csv").write_text("file|text\n0|zero\n")
    ingest("words", source(), project)
    assert require_intact("words", source(), project) == 1
    (folder / "metadata.csv").write_text("file|text\n0|nought\n")
    with pytest.raises(UserError, match=r"metadata.csv"):
        require_intact("words", source(), project)
