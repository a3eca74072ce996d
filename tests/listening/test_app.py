"""The application behind its guard, asked by a program."""

import asyncio
import json

import pytest

from engine.listening.app import listening_app
from engine.listening.places import kept_answers
from engine.web.endpoint import endpoint_at
from tests.listening.made import GOOD_EARS, listener


class Asked:
    """What an ASGI application answered."""

    def __init__(self, app, path, method="GET", body=b"", **headers):
        self.status, self.headers, self.body = 0, {}, b""
        named = {"host": "127.0.0.1:43900"} | headers
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(k.replace("_", "-").encode(), v.encode()) for k, v in named.items()],
        }
        parts = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive():
            return next(parts, {"type": "http.disconnect"})

        async def send(message):
            if message["type"] == "http.response.start":
                self.status = message["status"]
                self.headers = {k.decode(): v.decode() for k, v in message["headers"]}
            self.body += message.get("body", b"")

        asyncio.run(app(scope, receive, send))


@pytest.fixture
def endpoint():
    return endpoint_at("127.0.0.1", 43900, "")


@pytest.fixture
def ask(test, folder, endpoint):
    app = listening_app(test, folder, endpoint)
    return lambda path, *more, **headers: Asked(app, f"{endpoint.base}{path}", *more, **headers)


def test_without_the_key_or_from_another_page_nothing_is_answered(test, folder, endpoint, ask):
    app = listening_app(test, folder, endpoint)
    foreign = {"origin": "http://evil.example.org"}
    answers = json.dumps(listener(test, GOOD_EARS)).encode()
    refused = [
        Asked(app, "/"),
        Asked(app, "/another/"),
        ask("/", host="evil.example.org"),
        ask("/", **foreign),
        ask("/", sec_fetch_site="cross-site"),
        ask("/answers", "POST", answers, **foreign),
        ask("/answers", "POST", answers, sec_fetch_site="same-site"),
        ask("/answers/0123456789abcdef", sec_fetch_site="cross-site"),
    ]
    assert [one.status for one in refused] == [403] * len(refused)
    assert not kept_answers(test, folder).all
    assert ask("/").status == 200


def test_page_and_audio_carry_no_date_and_may_be_framed_by_nobody(test, ask):
    page, audio = ask("/"), ask(f"/audio/{test.files[0]}.wav")
    assert audio.body.startswith(b"RIFF")
    for answer in (page, audio):
        assert not {"last-modified", "etag"} & answer.headers.keys()
        assert answer.headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("name", ["0" * 16, "..%2ftest", "../test", "%2e%2e/test.json"])
def test_files_that_are_none_of_the_test_are_not_there(ask, name):
    assert ask(f"/audio/{name}.wav").status == 404


def test_answers_are_kept_and_given_back_to_their_listener_alone(test, folder, ask):
    first = listener(test, GOOD_EARS)
    other = listener(test, GOOD_EARS, id="ff" * 8)
    for answers in (first, other[:3]):
        assert ask("/answers", "POST", json.dumps(answers).encode()).status == 200
    given = json.loads(ask("/answers/ffffffffffffffff").body)
    assert given == [
        [one[key] for key in ("trial", "stimulus", "scale", "value")] for one in other[:3]
    ]
    assert json.loads(ask("/answers/00000000").body) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"nonsense", 400),
        (b"7", 400),
        (b"[7]", 400),
        (b"[" * 100_000, 400),
        (b"[" + b" " * 300_000, 413),
    ],
)
def test_what_is_no_answer_is_refused_whole(test, folder, ask, body, status):
    assert ask("/answers", "POST", body).status == status
    mixed = json.dumps([listener(test, GOOD_EARS)[0], 7]).encode()
    assert ask("/answers", "POST", mixed).status == 400
    assert not kept_answers(test, folder).all


def test_a_full_disk_is_said_and_nothing_is_half_kept(test, folder, ask, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    answer = ask("/answers", "POST", json.dumps(listener(test, GOOD_EARS)).encode())
    assert (answer.status, b"No space left" in answer.body) == (507, True)
    monkeypatch.undo()
    assert not kept_answers(test, folder).all
