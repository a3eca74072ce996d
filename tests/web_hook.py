"""A server on this machine that web hooks are sent to."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver(ThreadingHTTPServer):
    """Keeps what was posted to it, and answers as it is told to."""

    daemon_threads = True

    def __init__(self, status: int = 204, location: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.location = status, location
        self.messages: list[dict[str, Any]] = []
        self.types: list[str | None] = []

    @property
    def address(self) -> str:
        """Where it takes messages, with a secret in it."""
        return f"http://127.0.0.1:{self.server_port}/hook/s3cret"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.messages.append(json.loads(content))
        self.server.types.append(self.headers["Content-Type"])
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def receiver(status: int = 204, location: str = "") -> Iterator[Receiver]:
    """Inside, it answers."""
    with Receiver(status, location) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
