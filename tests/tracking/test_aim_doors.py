"""Where browsers come in, behind proxies of every kind."""

import pytest

from engine.errors import UserError
from engine.tracking.aim_doors import doors_at

HUB = "https://Hub.example.org:443/user/Me/proxy/43800/"


def test_on_this_machine_the_address_is_that_of_the_port():
    doors = doors_at("127.0.0.1", 43800, "")
    assert doors.address == f"http://127.0.0.1:43800/{doors.key}"
    assert len(doors.key) == 32
    assert doors.key != doors_at("127.0.0.1", 43800, "").key


def test_behind_a_proxy_the_path_stands_before_the_key():
    doors = doors_at("127.0.0.1", 43800, HUB)
    assert doors.address == f"https://hub.example.org/user/Me/proxy/43800/{doors.key}"


@pytest.mark.parametrize("before", ["", "/user/Me/proxy/43800"])
def test_the_prefix_may_be_stripped(before):
    doors = doors_at("127.0.0.1", 43800, HUB)
    for rest in ("", "/", "/api/runs/", "/metrics"):
        inner = doors.inner_path(f"{before}/{doors.key}{rest}")
        assert inner == f"/user/Me/proxy/43800/{doors.key}{rest}"


@pytest.mark.parametrize(
    "path", ["", "/", "x", "/api", "//{key}/api", "/x/../{key}/", "{key}/", "/{key}x", "/%2f{key}"]
)
def test_another_path_is_none(path):
    doors = doors_at("127.0.0.1", 43800, "")
    assert doors.inner_path(path.format(key=doors.key)) is None
    assert doors.inner_path(f"/user/Me/proxy/43800/{doors.key}/") is None


def test_names_are_those_of_this_machine_and_numbers():
    doors = doors_at("127.0.0.1", 43800, HUB)
    for host in ("127.0.0.1:43800", "LOCALHOST:1", "[::1]:43800", "10.0.0.7", "hub.example.org"):
        assert doors.are_of(host), host
    for host in (
        "",
        "evil.example.org:43800",
        "127.0.0.1.evil.org",
        "hub.example.org.evil",
        "[::1",
    ):
        assert not doors.are_of(host), host


def test_another_interface_has_the_name_of_the_machine(monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "GPU-box")
    doors = doors_at("0.0.0.0", 43800, "")
    assert doors.address == f"http://gpu-box:43800/{doors.key}"
    assert doors.are_of("gpu-box:43800")
    assert doors_at("::1", 1, "").origin == "http://[::1]:1"


@pytest.mark.parametrize(
    "address", ["hub.example.org", "ftp://a/b", "https://", "https://a/b?c", "http://[a/", "//a/b"]
)
def test_what_is_no_address_is_an_error(address):
    with pytest.raises(UserError, match="is no address by which browsers reach a page"):
        doors_at("127.0.0.1", 43800, address)
