import errno
import os

import pytest

from engine.runs.folder import RunFolder
from engine.runs.model_store import (
    drop_older_models,
    find_model_damage,
    keep_model,
    place_model,
)


def finished(path, text="weights"):
    """A run's folder with a finished model."""
    folder = RunFolder(path)
    made = path / "made"
    (made / "export").mkdir(parents=True)
    (made / "export" / "weights").write_text(text)
    (made / "report.html").write_text("page")
    keep_model(made, folder)
    return folder


def test_a_model_is_put_in_place_by_hard_links_and_replaces_what_stood_there(tmp_path):
    folder = finished(tmp_path / "runs" / "a")
    place = tmp_path / "models" / "toy"
    place.mkdir(parents=True)
    (place / "old").touch()
    place_model(folder, place)
    assert sorted(path.name for path in place.iterdir()) == ["export", "report.html"]
    assert (place / "export" / "weights").samefile(folder.model / "export" / "weights")
    assert [path.name for path in place.parent.iterdir()] == ["toy"]


def test_where_the_disk_cannot_link_the_model_is_copied(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    folder = finished(tmp_path / "runs" / "a")
    monkeypatch.setattr(os, "link", refuse)
    place_model(folder, tmp_path / "models" / "toy")
    copied = tmp_path / "models" / "toy" / "export" / "weights"
    assert copied.read_text() == "weights"
    assert not copied.samefile(folder.model / "export" / "weights")


@pytest.mark.parametrize("damage", ["changed", "missing", "added", "torn list"])
def test_a_model_that_is_not_as_it_was_finished_is_found_out(tmp_path, damage):
    folder = finished(tmp_path / "a")
    assert find_model_damage(folder) is None
    match damage:
        case "changed":
            (folder.model / "report.html").write_text("pale")
        case "missing":
            (folder.model / "report.html").unlink()
        case "added":
            (folder.model / "more").touch()
        case _:
            os.truncate(folder.path / "model.json", 10)
    assert find_model_damage(folder) is not None


def test_older_models_go_their_events_stay_and_what_was_freed_is_said(tmp_path):
    older, newer = finished(tmp_path / "a", "x" * 2000), finished(tmp_path / "b")
    older.events.touch()
    (tmp_path / "latest").write_text("b")
    assert drop_older_models(newer) == "deleted the older model of a: 2.0 kB freed"
    assert not older.model.exists()
    assert older.events.exists()
    assert drop_older_models(newer) is None


def test_an_older_model_that_another_process_holds_is_left_alone(tmp_path):
    older, newer = finished(tmp_path / "a"), finished(tmp_path / "b")
    with older.locked():
        assert drop_older_models(newer) is None
    assert older.model.is_dir()
