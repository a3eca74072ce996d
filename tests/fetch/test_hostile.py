"""A server that means harm costs a sentence: no traceback, nothing kept, no time without end."""

import gzip
import itertools
import threading

import pytest
from huggingface_hub import constants, file_download

from engine.errors import UserError
from engine.fetch import bounds
from engine.fetch.download import Partial, download
from engine.fetch.source import source_at
from tests.fetch.hostile import answering, head_of

NAME = "model.pth"
LONG = "9" * 5_000


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Without the waits between two tries of the library."""
    monkeypatch.setattr(file_download.time, "sleep", lambda seconds: None)


def fixed(*lines, status="200 OK", body=b""):
    """The same answer to everything, whose body only a GET has."""

    def answer(head):
        yield head_of(*lines, status=status)
        if head.startswith(b"GET"):
            yield body

    return answer


def led_on(place):
    return fixed(f"Location: {place}", status="302 Found")


def round_and_round(count=itertools.count()):  # noqa: B008  # one count for all answers
    return lambda head: iter([head_of(f"Location: /{next(count)}/{NAME}", status="302 Found")])


def beyond_its_end(head):
    is_get = head.startswith(b"GET")
    status = "416 Range Not Satisfiable" if is_get else "200 OK"
    yield head_of(*([] if is_get else ["Content-Length: 1000"]), status=status)


def endless_head(head):
    yield b"HTTP/1.1 200 OK\r\n"
    while True:
        yield b"X-Filler: " + b"a" * 60_000 + b"\r\n"


PACKED = gzip.compress(bytes(2_000_000))
CHUNKED = "Transfer-Encoding: chunked"

ANSWERS = {
    "a length of 5,000 digits": (fixed(f"Content-Length: {LONG}"), "bad Content-Length"),
    "a length below 0": (fixed("Content-Length: -5", body=b"abc"), "bad Content-Length"),
    "a length in words": (fixed("Content-Length: ten", body=b"abc"), "bad Content-Length"),
    "a length beyond any": (fixed(f"Content-Length: {10**18}"), "no file of weights is that large"),
    "a label that is too long": (led_on(f"http://{'a' * 300}.com/x"), "cannot be read"),
    "an empty label": (led_on("http://a..b/x"), "label empty or too long"),
    "an empty host": (led_on("http:///x"), "cannot be read"),
    "a port beyond any": (led_on("http://a:99999999/x"), "Port out of range"),
    "half an address": (led_on("http://[::1/x"), "Invalid IPv6 URL"),
    "a file of this machine": (led_on("file:///etc/passwd"), "missing an 'http://'"),
    "no place": (fixed(status="302 Found"), "leads on to nowhere"),
    "round and round": (round_and_round(), "Exceeded 20 redirects"),
    "always beyond its end": (beyond_its_end, "answers 416"),
    "a chunk below 0": (fixed(CHUNKED, body=b"-5\r\nabc\r\n0\r\n\r\n"), "illegal chunk header"),
    "a chunk in words": (fixed(CHUNKED, body=b"zz\r\nabc\r\n"), "illegal chunk header"),
    "a chunk of 5,000 digits": (fixed(CHUNKED, body=b"f" * 5_000 + b"\r\n"), "illegal chunk"),
    "compressed": (
        fixed(f"Content-Length: {len(PACKED)}", "Content-Encoding: gzip", body=PACKED),
        "sends the file compressed (gzip), which was not asked for",
    ),
    "said to be compressed": (
        fixed("Content-Length: 3", "Content-Encoding: br", body=b"abc"),
        "sends the file compressed (br)",
    ),
    "nothing": (fixed(), "sent nothing"),
    "no answer": (lambda head: iter([b""]), "without sending a response"),
    "no HTTP": (lambda head: iter([b"\x00\xff\r\n\r\n"]), "illegal status line"),
    "a status beyond any": (lambda head: iter([b"HTTP/1.1 99999 X\r\n\r\n"]), "illegal status"),
    "another protocol": (fixed(status="101 Switching Protocols"), "cannot be read"),
    "a head without end": (endless_head, "Receive buffer too long"),
}


def fetched(address, folder):
    source = source_at(address)
    return download(source, Partial(folder / NAME, source.look(NAME)), None, lambda *_: None)


@pytest.mark.parametrize(("answer", "said"), ANSWERS.values(), ids=ANSWERS.keys())
def test_it_is_told_in_a_sentence_and_nothing_is_kept(tmp_path, answer, said):
    with answering(answer) as address, pytest.raises(UserError) as caught:
        fetched(address, tmp_path)
    assert said in str(caught.value)
    assert address in str(caught.value)
    assert len(str(caught.value)) < 600
    assert list(tmp_path.iterdir()) == []


def endless(*lines, piece=bytes(65_536)):
    def answer(head):
        yield head_of(*lines)
        while head.startswith(b"GET"):
            yield piece

    return answer


@pytest.mark.parametrize(
    "answer",
    [endless(), endless(CHUNKED, piece=b"10000\r\n" + bytes(65_536) + b"\r\n")],
    ids=["plain", "in chunks"],
)
def test_a_body_without_end_ends_where_no_file_goes_on(tmp_path, monkeypatch, answer):
    monkeypatch.setattr(bounds, "MOST_BYTES", 3_000_000)
    with answering(answer) as address, pytest.raises(UserError, match="more bytes than any file"):
        fetched(address, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_it_does_not_fill_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "_LOOKED_AT_EVERY", 1 << 60)
    with answering(endless()) as address, pytest.raises(UserError, match=r"are free\. Free space"):
        fetched(address, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_begins_again_and_again_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(bounds, "SLOW_SECONDS", 0.2)
    answer = fixed("Content-Length: 1000", 'ETag: "a"', body=b"abc")
    with answering(answer) as address, pytest.raises(UserError, match="as good as silent"):
        fetched(address, tmp_path)


def test_a_server_that_falls_silent_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.1)
    monkeypatch.setattr(bounds, "SLOW_SECONDS", 0.5)

    def answer(head):
        yield head_of("Content-Length: 1000", 'ETag: "a"')
        if head.startswith(b"GET"):
            yield b"x"
            threading.Event().wait(5)

    with answering(answer) as address, pytest.raises(UserError, match=r"timed out|good as silent"):
        fetched(address, tmp_path)
