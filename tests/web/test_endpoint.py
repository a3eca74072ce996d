"""Where browsers come in, behind proxies of every kind."""

import pytest

from engine.errors import UserError
from engine.web.endpoint import endpoint_at

HUB = "https://Hub.example.org:443/user/Me/proxy/43800/"


def test_on_this_machine_the_address_is_that_of_the_port():
    endpoint = endpoint_at("127.0.0.1", 43800, "")
    assert endpoint.address == f"http://127.0.0.1:43800/{endpoint.key}"
    assert len(endpoint.key) == 32
    assert endpoint.key != endpoint_at("127.0.0.1", 43800, "").key


def test_behind_a_proxy_the_path_stands_before_the_key():
    endpoint = endpoint_at("127.0.0.1", 43800, HUB)
    assert endpoint.address == f"https://hub.example.org/user/Me/proxy/43800/{endpoint.key}"


@pytest.mark.parametrize("before", ["", "/user/Me/proxy/43800"])
def test_the_prefix_may_be_stripped(before):
    endpoint = endpoint_at("127.0.0.1", 43800, HUB)
    for rest in ("", "/", "/api/runs/", "/metrics"):
        inner = endpoint.inner_path(f"{before}/{endpoint.key}{rest}")
        assert inner == f"/user/Me/proxy/43800/{endpoint.key}{rest}"


@pytest.mark.parametrize(
    "path", ["", "/", "x", "/api", "//{key}/api", "/x/../{key}/", "{key}/", "/{key}x", "/%2f{key}"]
)
def test_another_path_is_none(path):
    endpoint = endpoint_at("127.0.0.1", 43800, "")
    assert endpoint.inner_path(path.format(key=endpoint.key)) is None
    assert endpoint.inner_path(f"/user/Me/proxy/43800/{endpoint.key}/") is None


def test_names_are_those_of_this_machine_and_numbers():
    endpoint = endpoint_at("127.0.0.1", 43800, HUB)
    for host in ("127.0.0.1:43800", "LOCALHOST:1", "[::1]:43800", "10.0.0.7", "hub.example.org"):
        assert endpoint.is_named_by(host), host
    for host in (
        "",
        "evil.example.org:43800",
        "127.0.0.1.evil.org",
        "hub.example.org.evil",
        "[::1",
    ):
        assert not endpoint.is_named_by(host), host


def test_another_interface_has_the_name_of_the_machine(monkeypatch):
    monkeypatch.setattr("socket.gethostname", lambda: "GPU-box")
    endpoint = endpoint_at("0.0.0.0", 43800, "")
    assert endpoint.address == f"http://gpu-box:43800/{endpoint.key}"
    assert endpoint.is_named_by("gpu-box:43800")
    assert endpoint_at("::1", 1, "").origin == "http://[::1]:1"


@pytest.mark.parametrize(
    "address", ["hub.example.org", "ftp://a/b", "https://", "https://a/b?c", "http://[a/", "//a/b"]
)
def test_what_is_no_address_is_an_error(address):
    with pytest.raises(UserError, match="is not a valid web address"):
        endpoint_at("127.0.0.1", 43800, address)
