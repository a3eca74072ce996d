from hashlib import sha256

import pytest

from engine.errors import UserError
from engine.fetch.download import Partial, download
from engine.fetch.source import CutError, source_at
from tests.fetch.conftest import CONTENT

NAME = "large.pth"
LARGE = CONTENT[NAME]
SHA256 = sha256(LARGE).hexdigest()


@pytest.fixture
def target(tmp_path):
    return tmp_path / NAME


def bring(server, target, sha256=SHA256):
    return download(source_at(server.address), NAME, target, sha256, lambda done, size: None)


def interrupted(server, target):
    """Let half of the file arrive, and no more."""
    server.cut_after = [len(LARGE) // 2] + [0] * 5
    with pytest.raises(UserError, match=r"524.3 kB of large.pth have arrived and are kept"):
        bring(server, target)
    server.asked.clear()


def test_a_file_arrives_whole_and_its_digest_is_told(server, target):
    assert bring(server, target, None) == SHA256
    Partial(target).finish()
    assert target.read_bytes() == LARGE
    assert [path.name for path in target.parent.iterdir()] == [NAME]


def test_progress_counts_every_byte_up_to_the_size(server, target):
    seen = []
    download(source_at(server.address), NAME, target, None, lambda *now: seen.append(now))
    assert seen[0] == (0, len(LARGE))
    assert seen[-1] == (len(LARGE), len(LARGE))
    assert seen == sorted(seen)


def test_a_cut_connection_is_taken_up_again_where_it_was_cut(server, target):
    server.cut_after = [300_000, 200_000]
    assert bring(server, target) == SHA256
    assert server.starts(NAME) == [0, 300_000, 500_000]


def test_a_server_that_gives_no_parts_is_asked_for_the_whole_again(server, target):
    server.has_ranges = False
    server.cut_after = [300_000]
    assert bring(server, target) == SHA256
    assert Partial(target).path.read_bytes() == LARGE


def test_what_arrived_is_kept_where_nothing_more_comes_and_continued_later(server, target):
    interrupted(server, target)
    assert not target.exists()
    assert bring(server, target) == SHA256
    assert server.starts(NAME) == [len(LARGE) // 2]


def test_without_a_version_the_size_tells_whether_to_go_on(server, target):
    server.has_tags = False
    interrupted(server, target)
    server.files[NAME] = LARGE[::-1] + b"longer"
    bring(server, target, None)
    assert Partial(target).path.read_bytes() == server.files[NAME]


@pytest.mark.parametrize("ignores_if_range", [False, True])
def test_a_file_that_has_changed_meanwhile_starts_anew(server, target, ignores_if_range):
    interrupted(server, target)
    server.ignores_if_range = ignores_if_range
    server.files[NAME] = LARGE[::-1]
    assert bring(server, target, None) == sha256(LARGE[::-1]).hexdigest()


def test_a_file_that_has_become_shorter_than_what_arrived_starts_anew(server, target):
    interrupted(server, target)
    server.ignores_if_range = True
    server.files[NAME] = LARGE[:1000]
    assert bring(server, target, None) == sha256(LARGE[:1000]).hexdigest()


def test_what_arrived_without_anything_said_of_it_is_not_continued(server, target):
    Partial(target).path.write_bytes(b"who knows")
    assert bring(server, target) == SHA256
    assert server.starts(NAME) == [0]


def test_a_whole_file_that_was_not_yet_in_its_place_is_not_asked_for_again(server, target):
    bring(server, target)
    server.asked.clear()
    assert bring(server, target) == SHA256
    assert server.asked == []


def test_a_wrong_checksum_is_named_and_nothing_is_replaced(server, target):
    target.write_bytes(b"the old one")
    wanted = "0" * 64
    with pytest.raises(
        UserError, match=f"large.pth is another file .*{SHA256}, instead of {wanted}"
    ):
        bring(server, target, wanted)
    assert [path.read_bytes() for path in target.parent.iterdir()] == [b"the old one"]


def test_an_empty_file_arrives_empty(server, target):
    server.files[NAME] = b""
    assert bring(server, target, None) == sha256(b"").hexdigest()


def test_a_busy_server_is_asked_again_and_then_given_up(server, target):
    server.codes[NAME] = 503
    with pytest.raises(UserError, match=r"answers 503 .* 0 B of large.pth have arrived"):
        bring(server, target)
    assert len(server.asked) == 5


def test_a_missing_file_is_named_at_once(server, target):
    server.codes[NAME] = 404
    with pytest.raises(UserError, match=rf"{server.address}/{NAME} answers 404 .*--from"):
        bring(server, target)
    assert len(server.asked) == 1


def test_where_nobody_answers_that_is_said(tmp_path):
    with pytest.raises(CutError, match=r"http://127.0.0.1:9/a cannot be read: .*refused"):
        source_at("http://127.0.0.1:9").look("a")


def test_a_folder_is_a_place_too_and_continued(tmp_path, target):
    folder = tmp_path / "from"
    folder.mkdir()
    (folder / NAME).write_bytes(LARGE)
    source = source_at(str(folder))
    Partial(target).begin(source.look(NAME))
    Partial(target).path.write_bytes(LARGE[:1000])
    seen = []
    assert download(source, NAME, target, None, lambda *now: seen.append(now)) == SHA256
    assert seen[0] == (1000, len(LARGE))
    with pytest.raises(UserError, match=r"There is no other.pth in .*from"):
        source.look("other.pth")


@pytest.mark.parametrize("place", ["ftp://host/x", "file:///etc", "no/such/folder"])
def test_other_places_are_refused(place):
    with pytest.raises(UserError, match="is no folder, and no address"):
        source_at(place)
