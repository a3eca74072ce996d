import os
import shutil
from pathlib import Path

import pytest

from engine.corpus.layouts import list_files
from engine.corpus.layouts.candidate import claims_audio, find_files, walk
from engine.errors import UserError

as_a_user = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind root"
)


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


@pytest.mark.parametrize("name", ["a.wav", "sub/a.mp3", "notes"])
def test_a_broken_link_is_unreadable_and_says_where_it_points(tmp_path, tone, name):
    tone(tmp_path / "good.wav")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).symlink_to("gone.wav")
    listing = list_files(tmp_path)
    assert [one.path for one in listing.candidates] == ["good.wav"]
    assert [(one.path, one.reason) for one in listing.missing] == [(name, "unreadable")]
    assert listing.missing[0].detail.startswith("a link to gone.wav: No such file")
    assert list(walk(tmp_path)) == [Path("good.wav")]


def test_a_hidden_broken_link_is_no_fault(tmp_path, tone):
    tone(tmp_path / "good.wav")
    (tmp_path / ".lock").symlink_to("gone")
    assert (find_files(tmp_path).unreadable, find_files(tmp_path).num_others) == ((), 1)


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="a file nobody can read from")
def test_a_file_that_fails_when_read_is_unreadable(tmp_path):
    (tmp_path / "recording").symlink_to("/proc/self/mem")
    assert [one.path for one in find_files(tmp_path).unreadable] == ["recording"]


@as_a_user
@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "notes"])
def test_a_file_that_may_not_be_opened_is_unreadable(tmp_path, tone, name):
    shutil.copy(tone(tmp_path / "good.wav"), tmp_path / name)
    (tmp_path / name).chmod(0)
    assert [(one.path, one.detail) for one in find_files(tmp_path).unreadable] == [
        (name, "Permission denied")
    ]


@as_a_user
@pytest.mark.parametrize("mode", [0o000, 0o400])
def test_a_folder_that_may_not_be_read_is_an_error_that_names_it(tmp_path, tone, mode):
    locked = tone(tmp_path / "locked" / "a.wav").parent
    locked.chmod(mode)
    try:
        with pytest.raises(UserError, match=f"{locked} cannot be read: Permission denied"):
            find_files(tmp_path)
    finally:
        locked.chmod(0o700)


def test_a_folder_that_cannot_be_listed_is_an_error_that_names_it(tmp_path, tone):
    path = tone(tmp_path / "a.wav")
    for look in (find_files, lambda folder: list(walk(folder))):
        with pytest.raises(UserError, match=f"{path} cannot be read: Not a directory"):
            look(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_never_opened(tmp_path):
    os.mkfifo(tmp_path / "a.wav")
    assert (find_files(tmp_path).audio, find_files(tmp_path).num_others) == ((), 1)


@pytest.mark.parametrize("name", ["metadata.csv", "validation_list.txt"])
def test_an_unreadable_table_or_list_is_an_error_that_names_it(tmp_path, tone, name):
    tone(tmp_path / "a.wav")
    (tmp_path / name).symlink_to("gone")
    with pytest.raises(UserError, match=f"{name} cannot be read"):
        list_files(tmp_path)
