"""Whole or not at all: what is forced to the disk in which order, and what a kill leaves behind."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.files.atomic import new_folder, replace_folder, reserve, write_atomically


@pytest.fixture
def order(monkeypatch):
    """What was forced to the disk (by name) and renamed, in order. The real calls are made."""
    done = []
    fsync, rename, replace = os.fsync, os.rename, os.replace

    def forced(descriptor):
        done.append(("sync", Path(f"/proc/self/fd/{descriptor}").readlink().name))
        fsync(descriptor)

    def renamed(call):
        def rename(old, new):
            done.append(("rename", Path(new).name))
            call(old, new)

        return rename

    monkeypatch.setattr(os, "fsync", forced)
    monkeypatch.setattr(os, "rename", renamed(rename))
    monkeypatch.setattr(os, "replace", renamed(replace))
    return done


def test_a_file_is_on_the_disk_before_it_is_renamed_and_the_rename_after(tmp_path, order):
    write_atomically(tmp_path / "folder" / "file", "content")
    beside = f".file.{os.getpid()}"
    assert order == [("sync", beside), ("rename", "file"), ("sync", "folder")]


def test_a_folder_is_on_the_disk_file_by_file_before_it_takes_its_place(tmp_path, order):
    new = tmp_path / "new"
    (new / "inner").mkdir(parents=True)
    (new / "inner" / "file").write_text("content")
    replace_folder(new, tmp_path / "place")
    synced, last = order[:3], order[3:]
    assert set(synced) == {("sync", "inner"), ("sync", "file"), ("sync", "new")}
    assert last == [("rename", "place"), ("sync", tmp_path.name)]


def test_a_folder_that_is_replaced_is_put_aside_first_and_deleted_last(tmp_path, order):
    for name in ("place", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    replace_folder(tmp_path / "new", tmp_path / "place")
    renames = [name for kind, name in order if kind == "rename"]
    assert renames == ["place.old", "place"]
    assert (tmp_path / "place" / "file").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["place"]


def test_what_a_killed_process_left_beside_a_file_is_deleted_and_a_living_ones_is_not(tmp_path):
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], stdout=-1)
    (tmp_path / f".file.{int(dead.stdout)}").touch()
    (tmp_path / f".file.{os.getppid()}").touch()
    (tmp_path / ".file.txt").touch()
    write_atomically(tmp_path / "file", "content")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"file", f".file.{os.getppid()}", ".file.txt"}


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("old")

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(tmp_path / "file", "new")
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_a_sparse_file_is_given_its_room(tmp_path):
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.truncate(1 << 20)
    assert path.stat().st_blocks == 0
    reserve(path)
    assert path.stat().st_blocks * 512 >= 1 << 20


def test_a_new_folder_takes_the_place_of_the_old_when_it_is_finished(tmp_path):
    place = tmp_path / "parent" / "place"
    for number in range(2):
        with new_folder(place) as new:
            (new / str(number)).touch()

    assert [path.name for path in place.iterdir()] == ["1"]
    assert [path.name for path in place.parent.iterdir()] == ["place"]


def test_a_new_folder_that_is_not_finished_leaves_the_old_as_it_was(tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    (place / "old").touch()

    def begin():
        with new_folder(place) as new:
            (new / "half").touch()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        begin()

    assert [path.name for path in place.iterdir()] == ["old"]
    assert [path.name for path in tmp_path.iterdir()] == ["place"]


def test_what_a_killed_process_left_beside_a_folder_is_deleted(tmp_path):
    script = """
import os, pathlib, sys
from engine.files.atomic import new_folder
with new_folder(pathlib.Path(sys.argv[1])) as new:
    (new / "half").touch()
    os.kill(os.getpid(), 9)
"""
    place = tmp_path / "place"
    subprocess.run([sys.executable, "-c", script, place], check=False)
    (left,) = tmp_path.iterdir()
    assert left.is_dir()
    with new_folder(place) as new:
        (new / "whole").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["place"]
