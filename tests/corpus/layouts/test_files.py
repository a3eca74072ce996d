import os
import shutil
from pathlib import Path

import pytest

from engine.corpus.layouts.claims import claims_audio
from engine.errors import UserError

as_a_user = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind root"
)


def test_files_are_found_at_any_depth_and_sorted(tmp_path, tone, look):
    for name in ("b.wav", "a/z.flac", "a/b/c/d.ogg", "a-b.wav"):
        tone(tmp_path / name)
    assert look(tmp_path).paths == ["a-b.wav", "a/b/c/d.ogg", "a/z.flac", "b.wav"]


def test_texts_lists_and_hidden_files_are_counted_and_are_no_clips(tmp_path, tone, look):
    for name in ("README.md", "list.txt", "table.csv"):
        (tmp_path / name).write_text("words\n")
    tone(tmp_path / ".hidden.wav")
    tone(tmp_path / ".git" / "a.wav")
    tone(tmp_path / "a.wav")
    found = look(tmp_path)
    assert (found.paths, found.num_other_files) == (["a.wav"], 5)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3", "aiff", "au", "caf", "rf64"])
def test_audio_with_another_suffix_is_known_by_its_first_bytes(tmp_path, tone, suffix):
    tone(tmp_path / f"a.{suffix}").rename(tmp_path / "recording.dat")
    assert claims_audio(tmp_path / "recording.dat")


@pytest.mark.parametrize("start", [b"RIFF\0\0\0\0WEBP", b"\xff\xd8\xff", b"\xff\xfea\0", b"text"])
def test_pictures_and_texts_are_no_audio(tmp_path, start):
    (tmp_path / "a.dat").write_bytes(start + bytes(100))
    assert not claims_audio(tmp_path / "a.dat")


def test_a_text_named_wav_still_claims_to_be_audio(tmp_path):
    (tmp_path / "a.WAV").write_text("text")
    assert claims_audio(tmp_path / "a.WAV")


def test_a_loop_of_linked_folders_ends_and_the_link_is_counted(tmp_path, tone, look):
    tone(tmp_path / "a.wav")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert (look(tmp_path).paths, look(tmp_path).num_other_files) == (["a.wav"], 1)


def test_a_loop_of_links_is_unreadable(tmp_path, tone, look):
    tone(tmp_path / "a.wav")
    (tmp_path / "b.wav").symlink_to("c.wav")
    (tmp_path / "c.wav").symlink_to("b.wav")
    assert look(tmp_path).reasons == [("b.wav", "unreadable"), ("c.wav", "unreadable")]


@pytest.mark.skipif(os.name == "nt", reason="names are bytes on POSIX only")
def test_a_name_that_is_not_utf8_is_found(tmp_path, tone, look):
    path = tone(tmp_path / "a.wav").rename(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.wav"))
    assert look(tmp_path).paths == [path.name]
    assert look(tmp_path, speaker_folders=True).candidates[0].speaker is None


@pytest.mark.parametrize("name", ["a.wav", "sub/a.mp3", "notes"])
def test_a_broken_link_is_unreadable_and_says_where_it_points(tmp_path, tone, look, name):
    tone(tmp_path / "good.wav")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).symlink_to("gone.wav")
    listing = look(tmp_path)
    assert listing.paths == ["good.wav"]
    assert listing.reasons == [(name, "unreadable")]
    assert listing.missing[0].detail.startswith("a link to gone.wav: No such file")


def test_a_hidden_broken_link_is_no_fault(tmp_path, tone, look):
    tone(tmp_path / "good.wav")
    (tmp_path / ".lock").symlink_to("gone")
    assert (look(tmp_path).missing, look(tmp_path).num_other_files) == ([], 1)


def test_a_link_out_of_the_folder_is_not_followed_unless_asked(tmp_path, tone, look):
    tone(tmp_path / "elsewhere" / "a.wav")
    folder = tone(tmp_path / "mine" / "good.wav").parent
    (folder / "inside.wav").symlink_to("good.wav")
    (folder / "out.wav").symlink_to("../elsewhere/a.wav")
    listing = look(folder)
    assert listing.paths == ["good.wav", "inside.wav"]
    assert "it leaves the folder" in listing.missing[0].detail
    assert look(folder, follow_links=True).paths == ["good.wav", "inside.wav", "out.wav"]


def test_a_link_into_the_cache_of_dvc_is_followed(tmp_path, tone, look):
    kept = tmp_path / "cache" / "files" / "md5" / "0f" / ("a" * 30)
    kept.parent.mkdir(parents=True)
    tone(tmp_path / "a.wav").rename(kept)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.wav").symlink_to(kept)
    assert look(tmp_path / "mine").paths == ["a.wav"]


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="a file nobody can read from")
def test_a_file_that_fails_when_read_is_unreadable(tmp_path, look):
    (tmp_path / "recording").symlink_to("/proc/self/mem")
    assert look(tmp_path, follow_links=True).reasons == [("recording", "unreadable")]


@as_a_user
@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "notes"])
def test_a_file_that_may_not_be_opened_is_unreadable(tmp_path, tone, look, name):
    shutil.copy(tone(tmp_path / "good.wav"), tmp_path / name)
    (tmp_path / name).chmod(0)
    (one,) = look(tmp_path).missing
    assert (one.path, one.detail) == (name, "Permission denied")


@as_a_user
@pytest.mark.parametrize("mode", [0o000, 0o400])
def test_a_folder_that_may_not_be_read_is_an_error_that_names_it(tmp_path, tone, look, mode):
    locked = tone(tmp_path / "locked" / "a.wav").parent
    locked.chmod(mode)
    try:
        with pytest.raises(UserError, match=f"{locked} cannot be read: Permission denied"):
            look(tmp_path)
    finally:
        locked.chmod(0o700)


def test_a_folder_that_cannot_be_listed_is_an_error_that_names_it(tmp_path, tone, look):
    path = tone(tmp_path / "a.wav")
    with pytest.raises(UserError, match=f"{path} cannot be read: Not a directory"):
        look(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("name", ["a.wav", ".a.wav", "train.jsonl", "metadata.csv"])
def test_a_pipe_is_never_opened(tmp_path, look, name):
    os.mkfifo(tmp_path / name)
    listing = look(tmp_path)
    assert (listing.paths, listing.missing, listing.num_other_files) == ([], [], 1)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_that_a_table_names_is_never_opened(tmp_path, tone, look, write_lines):
    os.mkfifo(tmp_path / "a.wav")
    write_lines(tmp_path / "m.jsonl", {"audio_filepath": "a.wav"})
    assert look(tmp_path).reasons == [("a.wav", "unreadable")]


@pytest.mark.parametrize("name", ["metadata.csv", "validation_list.txt", "train.jsonl"])
def test_an_unreadable_table_or_list_is_an_error_that_names_it(tmp_path, tone, look, name):
    tone(tmp_path / "a.wav")
    (tmp_path / name).symlink_to("gone")
    with pytest.raises(UserError, match=f"{name} cannot be read"):
        look(tmp_path)


@as_a_user
def test_a_listing_that_cannot_be_written_is_an_error_in_words(tmp_path, tone):
    from engine.corpus.layouts import list_files

    tone(tmp_path / "mine" / "a.wav")
    (tmp_path / "scratch").mkdir(mode=0o500)
    with pytest.raises(UserError, match="list of files cannot be written"):
        list_files(tmp_path / "mine", tmp_path / "scratch")
