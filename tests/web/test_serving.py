"""Ports of this machine, some of which others have."""

import socket

import pytest

from engine.errors import UserError
from engine.web.serving import listening


def test_a_port_that_is_taken_gives_way_to_the_next():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with listening("127.0.0.1", port, "cantus x", tries=20) as found:
            assert port < found.getsockname()[1] < port + 20


def test_where_no_port_is_free_a_sentence_names_another():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(UserError, match=rf"Port {port} of .*cantus x --port {port + 1}"),
            listening("127.0.0.1", port, "cantus x"),
        ):
            pass
