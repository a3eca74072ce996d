from hashlib import sha256

import pytest
from huggingface_hub import constants

from engine.errors import UserError
from engine.fetch.download import Partial, download
from engine.fetch.source import source_at
from tests.fetch.conftest import CONTENT
from tests.fetch.server import COMMIT, REPO

NAME = "large.pth"
LARGE = CONTENT[NAME]
SHA256 = sha256(LARGE).hexdigest()


@pytest.fixture
def target(tmp_path):
    return tmp_path / NAME


def bring(place, target, sha256=SHA256, done=lambda done, size: None):
    source = source_at(place)
    return download(source, Partial(target, source.look(NAME)), sha256, done)


def interrupted(server, place, target):
    """Let half of the file arrive, and no more."""
    server.cut_after = [len(LARGE) // 2] + [0] * 5
    with pytest.raises(UserError, match=r"524.3 kB of large.pth have arrived and are kept"):
        bring(place, target)
    server.asked.clear()


def arrived(target):
    """The one file beside the target."""
    (path,) = target.parent.glob("*.partial")
    return path


def test_a_file_arrives_whole_and_its_digest_is_told(server, place, target):
    assert bring(place, target, None) == SHA256
    Partial(target, source_at(place).look(NAME)).finish()
    assert target.read_bytes() == LARGE
    assert [path.name for path in target.parent.iterdir()] == [NAME]


def test_progress_counts_every_byte_up_to_the_size(server, place, target):
    seen = []
    bring(place, target, None, lambda *now: seen.append(now))
    assert seen[0] == (0, len(LARGE))
    assert seen[-1] == (len(LARGE), len(LARGE))
    assert seen == sorted(seen)


def test_a_cut_connection_is_taken_up_again_where_it_was_cut(server, place, target):
    server.cut_after = [300_000, 200_000]
    assert bring(place, target) == SHA256
    assert server.starts(NAME) == [0, 300_000, 500_000]


def test_a_server_that_gives_no_parts_is_asked_for_the_whole_again(server, place, target):
    server.has_ranges = False
    server.cut_after = [300_000]
    assert bring(place, target) == SHA256
    assert arrived(target).read_bytes() == LARGE


def test_what_arrived_is_kept_where_nothing_more_comes_and_continued_later(server, place, target):
    interrupted(server, place, target)
    assert not target.exists()
    assert bring(place, target) == SHA256
    assert server.starts(NAME) == [len(LARGE) // 2]


def test_without_a_version_the_size_tells_whether_to_go_on(server, place, target):
    server.has_tags = False
    interrupted(server, place, target)
    server.files[NAME] = LARGE[::-1] + b"longer"
    bring(place, target, None)
    assert arrived(target).read_bytes() == server.files[NAME]


def test_a_file_that_has_changed_meanwhile_starts_anew(server, place, target):
    interrupted(server, place, target)
    server.files[NAME] = LARGE[::-1]
    assert bring(place, target, None) == sha256(LARGE[::-1]).hexdigest()


def test_a_file_that_has_become_shorter_than_what_arrived_starts_anew(server, place, target):
    interrupted(server, place, target)
    server.files[NAME] = LARGE[:1000]
    assert bring(place, target, None) == sha256(LARGE[:1000]).hexdigest()


def test_what_arrived_without_anything_said_of_it_is_not_continued(server, place, target):
    target.with_name(f"{NAME}.partial").write_bytes(b"who knows")
    target.with_name(f"{NAME}.0123456789abcdef.partial").write_bytes(b"of another version")
    assert bring(place, target) == SHA256
    assert server.starts(NAME) == [0]
    assert arrived(target).read_bytes() == LARGE


def test_a_whole_file_that_was_not_yet_in_its_place_is_not_asked_for_again(server, place, target):
    bring(place, target)
    server.asked.clear()
    assert bring(place, target) == SHA256
    assert server.asked == []


def test_a_wrong_checksum_is_named_and_nothing_is_replaced(server, place, target):
    target.write_bytes(b"the old one")
    wanted = "0" * 64
    with pytest.raises(
        UserError, match=f"large.pth is another file .*{SHA256}, instead of {wanted}"
    ):
        bring(place, target, wanted)
    assert [path.read_bytes() for path in target.parent.iterdir()] == [b"the old one"]


def test_an_empty_file_arrives_empty(server, place, target):
    server.files[NAME] = b""
    assert bring(place, target, None) == sha256(b"").hexdigest()


def test_a_busy_server_is_asked_again_and_then_given_up(server, place, target):
    server.codes[NAME] = 503
    with pytest.raises(UserError, match=r"large.pth answers 503 .* Try later, or .*--from"):
        bring(place, target)
    assert len(server.looked_at) > 5
    assert server.asked == []


def test_a_missing_file_is_named_at_once(server, place, target):
    server.codes[NAME] = 404
    with pytest.raises(UserError, match=rf"{server.address}/.*{NAME} answers 404 .*--from"):
        bring(place, target)
    assert len(server.looked_at) == 1


def test_where_nobody_answers_that_is_said(tmp_path):
    with pytest.raises(UserError, match=r"http://127.0.0.1:9/a cannot be read: .*refused"):
        source_at("http://127.0.0.1:9").look("a")


def test_a_folder_is_a_place_too_and_continued(tmp_path, target):
    folder = tmp_path / "from"
    folder.mkdir()
    (folder / NAME).write_bytes(LARGE)
    source = source_at(str(folder))
    Partial(target, source.look(NAME)).path.write_bytes(LARGE[:1000])
    seen = []
    assert bring(str(folder), target, None, lambda *now: seen.append(now)) == SHA256
    assert seen[0] == (1000, len(LARGE))
    with pytest.raises(UserError, match=r"There is no other.pth in .*from"):
        source.look("other.pth")


@pytest.mark.parametrize(
    "place", ["ftp://host/x", "file:///etc", "no/such/folder", "hf://name", "hf://a/b/"]
)
def test_other_places_are_refused(place):
    with pytest.raises(UserError, match="is no folder, and no address"):
        source_at(place)


def test_a_file_of_the_hub_is_that_of_one_commit_and_its_token_stays_there(
    server, target, monkeypatch
):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert bring(f"hf://{REPO}@v2", target) == SHA256
    first, *later = server.paths
    assert first == f"/{REPO}/resolve/v2/{NAME}"
    assert later == [f"/{REPO}/resolve/{COMMIT}/{NAME}", f"/stored/{NAME}"]
    assert {path for path, _ in server.tokens} == {first, later[0]}
    assert {token for _, token in server.tokens} == {"Bearer hf_secret"}


def test_a_file_of_the_hub_may_lie_in_a_folder(server, target):
    bring(f"hf://{REPO}/pretrained@v2", target)
    first, second, _ = server.paths
    assert first == f"/{REPO}/resolve/v2/pretrained/{NAME}"
    assert second == f"/{REPO}/resolve/{COMMIT}/pretrained/{NAME}"


def test_a_plain_address_gets_no_token(server, target, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    bring(server.address, target)
    assert server.tokens == []


@pytest.mark.parametrize(
    ("code", "error", "said"),
    [
        (403, "GatedRepo", "were granted access. .* your token into HF_TOKEN"),
        (404, "RepoNotFound", "is in no repository that can be seen without the right token"),
        (404, "RevisionNotFound", "names a revision that is not there"),
        (401, None, "is in no repository|answers 401 .*see to the token"),
        (403, None, r"answers 403 \(Forbidden\): see to the token in HF_TOKEN"),
    ],
)
def test_what_the_hub_refuses_is_said_with_what_to_do(server, target, code, error, said):
    server.codes[NAME] = code
    if error:
        server.errors[NAME] = error
    with pytest.raises(UserError, match=f"{said}.*--from"):
        bring(f"hf://{REPO}", target)
    assert list(target.parent.iterdir()) == []


def test_a_repository_that_is_not_there_is_named(server, target):
    with pytest.raises(UserError, match=r"owner/other/resolve/main/large.pth is in no repository"):
        bring("hf://owner/other", target)


def test_offline_nobody_is_asked(server, place, target, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match=r"was not asked: HF_HUB_OFFLINE is set\. Unset it"):
        bring(place, target)
    assert server.paths == []


def test_the_hub_is_told_nothing_of_this_process_and_the_librarys_settings_stay(server, target):
    before = constants.HF_HUB_DISABLE_TELEMETRY, constants.DOWNLOAD_CHUNK_SIZE
    bring(f"hf://{REPO}", target)
    assert not any("agent" in path for path in server.paths)
    assert before == (constants.HF_HUB_DISABLE_TELEMETRY, constants.DOWNLOAD_CHUNK_SIZE)
