"""What adopting checks before it touches anything. tests/cli/test_adopt.py uses real DVC."""

import os
import subprocess
from pathlib import Path

import pytest

from engine.corpus.adopt import adopt
from engine.errors import UserError
from engine.files.lock import locked
from engine.project import Project
from tests.command_line import PARAMS


@pytest.fixture
def checkout(tmp_path):
    """A git checkout with a .dvc folder, as far as the checks look."""
    root = tmp_path / "checkout"
    (root / ".dvc").mkdir(parents=True)
    (root / "data").mkdir()
    (root / "params.toml").write_text(PARAMS)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    return Project(root)


def test_a_folder_that_is_no_checkout_is_refused(tmp_path, tone, checkout):
    tone(tmp_path / "mine" / "a.wav")
    loose = tmp_path / "loose"
    loose.mkdir()
    (loose / "params.toml").write_text(PARAMS)
    with pytest.raises(UserError, match="no git checkout"):
        adopt(tmp_path / "mine", "words", Project(loose))


def test_other_files_in_the_place_are_refused_and_kept(tmp_path, tone, checkout):
    tone(tmp_path / "mine" / "a.wav")
    kept = tone(checkout.root / "data" / "words" / "b.wav")
    with pytest.raises(UserError, match="holds other files"):
        adopt(tmp_path / "mine", "words", checkout)
    assert [path.name for path in kept.parent.iterdir()] == ["b.wav"]


def test_the_same_names_with_other_bytes_are_other_files(tmp_path, tone, checkout):
    tone(tmp_path / "mine" / "a.wav")
    tone(checkout.root / "data" / "words" / "a.wav", hz=900)
    with pytest.raises(UserError, match="holds other files"):
        adopt(tmp_path / "mine", "words", checkout)


def test_a_copy_that_fails_leaves_nothing_half_made(tmp_path, tone, checkout):
    tone(tmp_path / "mine" / "a.wav")
    (tmp_path / "mine" / "b.txt").write_text("text")

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        adopt(tmp_path / "mine", "words", checkout, progress=stop)
    assert list((checkout.root / "data").iterdir()) == []
    assert checkout.params.read_text() == PARAMS


@pytest.mark.parametrize("inside", [".", "data", "data/words"])
def test_the_project_and_its_data_cannot_be_adopted(tone, checkout, inside):
    tone(checkout.root / "data" / "words" / "a.wav")
    with pytest.raises(UserError, match="in this project's data/, or around the project"):
        adopt(checkout.root / inside, "words", checkout)


def refused(folder, checkout, sentence):
    """Adopting is refused with this sentence, and changes nothing."""
    with pytest.raises(UserError, match=sentence):
        adopt(folder, "words", checkout)
    assert list((checkout.root / "data").iterdir()) == []
    assert checkout.params.read_text() == PARAMS


def test_what_cannot_be_copied_is_refused_and_the_first_ones_are_named(tmp_path, tone, checkout):
    folder = tone(tmp_path / "mine" / "good.wav").parent
    (folder / ".hidden").symlink_to("gone")
    for name in "dcba":
        (folder / f"{name}.wav").symlink_to("gone.wav")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    refused(folder, checkout, r"5 broken links, .*: a.wav, b.wav, c.wav, and 2 more. Put files")


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="a file nobody can read from")
def test_a_file_that_cannot_be_read_is_refused(tmp_path, tone, checkout):
    folder = tone(tmp_path / "mine" / "good.wav").parent
    (folder / "odd").symlink_to("/proc/self/mem")
    refused(folder, checkout, "cannot be copied to .*data/words: Input/output error")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="permissions do not bind root"
)
def test_a_file_that_may_not_be_read_is_refused(tmp_path, tone, checkout):
    folder = tone(tmp_path / "mine" / "good.wav").parent
    tone(folder / "locked.wav").chmod(0)
    refused(folder, checkout, "locked.wav cannot be copied to .*data/words: Permission denied")


def test_links_to_files_elsewhere_are_copied_as_files(tmp_path, tone, checkout, monkeypatch):
    monkeypatch.setattr("engine.corpus.adopt.track", lambda project, name: None)
    tone(tmp_path / "elsewhere" / "a.wav")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.wav").symlink_to("../elsewhere/a.wav")
    assert adopt(tmp_path / "mine", "words", checkout).num_candidates == 1
    copied = checkout.root / "data" / "words" / "a.wav"
    assert not copied.is_symlink()
    assert copied.read_bytes() == (tmp_path / "elsewhere" / "a.wav").read_bytes()


def test_a_table_whose_columns_are_not_certain_is_shown_and_nothing_is_copied(
    tmp_path, tone, checkout
):
    folder = tone(tmp_path / "mine" / "0.wav").parent
    (folder / "list.txt").write_text("0.wav|anna\n")
    refused(folder, checkout, r"list.txt: what its columns are is not certain(.|\n)*0.wav +anna")
    assert "columns" not in (checkout.root / "params.toml").read_text()


@pytest.mark.parametrize(
    ("columns", "said"),
    [(["file", "words"], "got 'words'"), (["text", "speaker"], "must hold 'file'")],
)
def test_columns_of_unknown_names_are_refused(tmp_path, tone, checkout, columns, said):
    folder = tone(tmp_path / "mine" / "0.wav").parent
    with pytest.raises(UserError, match=f"--columns {','.join(columns)}: it .*{said}"):
        adopt(folder, "words", checkout, columns=columns)


def test_rows_that_ingest_would_refuse_are_refused_before_copying(tmp_path, tone, checkout):
    folder = tone(tmp_path / "mine" / "0.wav").parent
    (folder / "metadata.csv").write_text("file|text\nwavs/7.wav|One.\nwavs/8.wav|Two.\n")
    refused(folder, checkout, r"2 rows of tables name no file .*at_most_bad = 0.01.*wavs/7.wav")


def test_names_that_are_no_utf_8_are_refused_before_anything_is_copied(tmp_path, tone, checkout):
    folder = tone(tmp_path / "mine" / "good.wav").parent
    (folder / os.fsdecode(b"caf\xe9.wav")).write_bytes(b"")
    refused(folder, checkout, r"1 files whose names are not UTF-8.*: caf\\xe9.wav. Rename")


@pytest.mark.parametrize("name", ["dvc.yaml", "dvc.lock", "talks.dvc"])
def test_files_that_dvc_would_read_as_its_own_are_refused(tmp_path, tone, checkout, name):
    folder = tone(tmp_path / "mine" / "good.wav").parent
    (folder / "talks").mkdir()
    (folder / "talks" / name).write_text("outs: []")
    refused(folder, checkout, f"DVC would take for its own: talks/{name}. Remove them")


def test_a_second_adopt_is_told_of_the_first(tmp_path, tone, checkout):
    folder = tone(tmp_path / "mine" / "good.wav").parent
    with locked(checkout.root / "build" / "adopt", "busy"):
        refused(folder, checkout, "Another adopt is at work")


def test_params_that_cannot_be_written_leave_no_copy(tmp_path, tone, checkout, monkeypatch):
    folder = tone(tmp_path / "mine" / "good.wav").parent
    monkeypatch.setattr("engine.corpus.adopt.track", lambda project, name: None)

    def refuse(path, content):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("engine.corpus.adopt.write_atomically", refuse)
    with pytest.raises(PermissionError):
        adopt(folder, "words", checkout)
    assert list((checkout.root / "data").iterdir()) == []
    assert checkout.params.read_text() == PARAMS


def test_what_a_killed_adopt_left_half_copied_goes_with_the_next(
    tmp_path, tone, checkout, monkeypatch
):
    folder = tone(tmp_path / "mine" / "good.wav").parent
    monkeypatch.setattr("engine.corpus.adopt.track", lambda project, name: None)
    tone(checkout.root / "data" / ".speech.partial" / "half.wav")
    adopt(folder, "words", checkout)
    assert [path.name for path in (checkout.root / "data").iterdir()] == ["words"]


def test_a_layout_that_dvc_cannot_track_beside_is_refused(tmp_path, tone, checkout):
    folder = tone(tmp_path / "mine" / "good.wav").parent
    (checkout.root / "data.dvc").write_text("outs:\n- path: data\n  md5: 1a.dir\n")
    refused(folder, checkout, r"tracks the whole of data/.*docs/sharing.md")
