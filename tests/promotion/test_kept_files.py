import os

import pytest

from engine.promotion.kept_files import find_change, kept_files


@pytest.fixture
def model(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "small").write_bytes(b"a")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "deep" / "large").write_bytes(os.urandom(300_000))
    return tmp_path, kept_files(tmp_path)


def test_files_that_are_as_they_were_are_no_change(model):
    assert find_change(*model) is None
    assert find_change(*model, thorough=True) is None


@pytest.mark.parametrize("name", ["small", "empty", "deep/large"])
def test_a_file_that_is_gone_or_longer_is_named(model, name):
    folder, kept = model
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content + b"x")
    assert find_change(folder, kept) == f"{name} was changed"
    (folder / name).unlink()
    assert find_change(folder, kept) == f"{name} is missing"


@pytest.mark.parametrize(("place", "seen"), [(0, True), (299_999, True), (150_000, False)])
def test_other_bytes_are_seen_at_the_ends_and_everywhere_by_a_thorough_look(model, place, seen):
    folder, kept = model
    file = folder / "deep" / "large"
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)
    assert (find_change(folder, kept) is not None) == seen
    assert find_change(folder, kept, thorough=True) == "deep/large was changed"


def test_a_folder_that_is_not_here_is_said(model, tmp_path):
    assert find_change(tmp_path / "elsewhere", model[1]) == "its files are not here"
