import shutil
from hashlib import sha256

import pytest
from attrs import evolve

from engine.errors import UserError
from engine.fetch.catalogue import Entry, Licence, PublishedFile
from engine.fetch.checksums import CHECKSUMS, expected_sha256, remember
from engine.fetch.fetch import fetch
from engine.fetch.source import source_at
from engine.files.lock import locked
from tests.fetch.conftest import CONTENT

ENTRY = Entry(
    "toy",
    "a toy",
    "https://nowhere.invalid",
    Licence("L", "none", "https://nowhere.invalid/l"),
    (PublishedFile("small.json"), PublishedFile("large.pth")),
)
SHA256 = {name: sha256(content).hexdigest() for name, content in CONTENT.items()}


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "published" / "toy"


@pytest.fixture
def put(place, folder):
    """Fetch, and return what was said."""

    def put(entry=ENTRY):
        said = []
        fetch(entry, folder, source_at(place), said.append, lambda name: lambda done, size: None)
        return said

    return put


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_files_are_put_in_place_and_what_was_trusted_is_said(put, folder):
    small, large = put()
    assert "small.json: 8 B, trusted on first use" in small
    assert SHA256["large.pth"] in large
    assert {name: (folder / name).read_bytes() for name in CONTENT} == CONTENT
    assert names(folder) == [".lock", CHECKSUMS, "large.pth", "small.json"]


def test_a_known_digest_is_held_to_and_nothing_is_trusted(put, folder):
    files = tuple(PublishedFile(name, digest) for name, digest in SHA256.items())
    said = put(evolve(ENTRY, files=files))
    assert all("its SHA-256 is the known one" in sentence for sentence in said)
    assert CHECKSUMS not in names(folder)


def test_with_all_in_place_nobody_is_asked(put, server):
    put()
    server.asked.clear()
    server.looked_at.clear()
    (said,) = put()
    assert said.endswith("all 2 files are in place and unchanged.")
    assert server.asked == server.looked_at == []


def test_only_what_is_missing_is_brought(put, server, folder):
    put()
    (folder / "small.json").unlink()
    server.asked.clear()
    put()
    assert [name for name, _ in server.asked] == ["small.json"]


def test_another_file_than_the_one_trusted_first_is_refused_and_nothing_is_replaced(
    put, server, folder
):
    put()
    (folder / "large.pth").unlink()
    server.files["large.pth"] = b"somebody else's"
    with pytest.raises(UserError, match=r"What arrived as large.pth is another file"):
        put()
    assert names(folder) == [".lock", CHECKSUMS, "small.json"]


def test_a_wrong_digest_leaves_the_files_before_it_in_place(put, folder):
    files = (PublishedFile("small.json"), PublishedFile("large.pth", "0" * 64))
    with pytest.raises(UserError, match=r"large.pth is another file"):
        put(evolve(ENTRY, files=files))
    assert names(folder) == [".lock", CHECKSUMS, "small.json"]


def test_a_file_that_was_changed_in_its_place_is_named_and_kept(put, folder):
    put()
    (folder / "large.pth").write_bytes(b"trained on")
    with pytest.raises(UserError, match=r"large.pth is not the file .*Move it away"):
        put()
    assert (folder / "large.pth").read_bytes() == b"trained on"


def test_files_that_were_put_there_by_hand_are_trusted_as_they_are(put, server, folder):
    folder.mkdir(parents=True)
    for name, content in CONTENT.items():
        (folder / name).write_bytes(content)
    said = put()
    assert ["was there already" in sentence for sentence in said] == [True, True, False]
    assert server.asked == []
    assert expected_sha256(PublishedFile("large.pth"), folder) == SHA256["large.pth"]


def test_a_missing_file_is_named_before_anything_is_brought(put, server, folder):
    del server.files["large.pth"]
    with pytest.raises(UserError, match=r"/large.pth answers 404"):
        put()
    assert server.asked == []
    assert names(folder) == [".lock"]


def test_a_disk_without_room_is_said_before_anything_is_brought(put, server, monkeypatch):
    usage = shutil.disk_usage(".")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1_000_000))
    with pytest.raises(UserError, match=r"toy needs 1.0 MB, but only 1.0 MB are free"):
        put()
    assert server.asked == []


def test_what_has_arrived_needs_no_room_again(put, server, folder, monkeypatch):
    server.cut_after = [8, 1_000_000] + [0] * 5
    with pytest.raises(UserError, match=r"1.0 MB of large.pth have arrived"):
        put()
    usage = shutil.disk_usage(".")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=100_000))
    put()
    assert (folder / "large.pth").read_bytes() == CONTENT["large.pth"]


def test_two_at_once_do_not_write_the_same_file(put, folder):
    with locked(folder, ""), pytest.raises(UserError, match="Another process is fetching"):
        put()


def test_damaged_checksums_are_named(put, folder):
    put()
    (folder / CHECKSUMS).write_text("sha = [")
    with pytest.raises(UserError, match=r"checksums.toml is damaged"):
        put()


def test_digests_are_kept_beside_each_other(folder):
    remember("a.pth", "1", folder)
    remember("b.pth", "2", folder)
    assert expected_sha256(PublishedFile("a.pth"), folder) == "1"
    assert expected_sha256(PublishedFile("c.pth"), folder) is None
    assert expected_sha256(PublishedFile("b.pth", "3"), folder) == "3"
