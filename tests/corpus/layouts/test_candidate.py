import os

import pytest

from engine.corpus.layouts import list_files
from engine.corpus.layouts.candidate import claims_audio, find_files


def test_files_are_found_at_any_depth_and_sorted(tmp_path, tone):
    for name in ("b.wav", "a/z.flac", "a/b/c/d.ogg"):
        tone(tmp_path / name)
    assert find_files(tmp_path).audio == ("a/b/c/d.ogg", "a/z.flac", "b.wav")


def test_texts_lists_and_hidden_files_are_counted_and_are_no_clips(tmp_path, tone):
    for name in ("README.md", "list.txt", "table.csv"):
        (tmp_path / name).write_text("words\n")
    tone(tmp_path / ".hidden.wav")
    tone(tmp_path / ".git" / "a.wav")
    tone(tmp_path / "a.wav")
    found = find_files(tmp_path)
    assert found.audio == ("a.wav",)
    assert found.num_others == 5


def test_audio_without_a_suffix_is_known_by_its_first_bytes(tmp_path, tone):
    tone(tmp_path / "a.wav").rename(tmp_path / "recording.dat")
    assert claims_audio(tmp_path / "recording.dat")


def test_a_text_named_wav_still_claims_to_be_audio(tmp_path):
    (tmp_path / "a.WAV").write_text("text")
    assert claims_audio(tmp_path / "a.WAV")


def test_a_loop_of_linked_folders_ends(tmp_path, tone):
    tone(tmp_path / "a.wav")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert find_files(tmp_path).audio == ("a.wav",)


@pytest.mark.skipif(os.name == "nt", reason="names are bytes on POSIX only")
def test_a_name_that_is_not_utf8_is_found(tmp_path, tone):
    path = tone(tmp_path / "a.wav").rename(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.wav"))
    assert find_files(tmp_path).audio == (path.name,)


def test_ids_are_paths_without_suffix(tmp_path, tone):
    tone(tmp_path / "a" / "b.c.wav")
    assert [one.id for one in list_files(tmp_path).candidates] == ["a/b.c"]


def test_files_that_differ_only_in_their_suffix_keep_it_in_their_ids(tmp_path, tone):
    for name in ("a.wav", "a.flac", "b.wav"):
        tone(tmp_path / name)
    assert [one.id for one in list_files(tmp_path).candidates] == ["a.flac", "a.wav", "b"]
