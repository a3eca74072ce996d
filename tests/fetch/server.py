"""A real web server with the faults of real ones."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from attrs import Factory, define


@define
class Server:
    """What a server has, how it behaves, and what it was asked."""

    files: dict[str, bytes]
    address: str = ""
    has_ranges: bool = True
    has_tags: bool = True
    ignores_if_range: bool = False
    cut_after: list[int] = Factory(list)
    """Of each answer with content, the bytes after which it is cut; none left: it is whole."""
    hold_after: dict[str, int] = Factory(dict)
    """By file: bytes after which an answer stands still until `let_go`."""
    let_go: threading.Event = Factory(threading.Event)
    codes: dict[str, int] = Factory(dict)
    looked_at: list[str] = Factory(list)
    asked: list[tuple[str, str | None]] = Factory(list)
    """File and range of every request for content."""

    def starts(self, name: str) -> list[int]:
        """The first byte of each request for a file."""
        return [first_byte(part) if part else 0 for asked, part in self.asked if asked == name]


def first_byte(part: str) -> int:
    return int(part.removeprefix("bytes=").removesuffix("-"))


def tag_of(content: bytes) -> str:
    return f'"{sha256(content).hexdigest()[:8]}"'


@contextmanager
def serving(files: dict[str, bytes]) -> Iterator[Server]:
    """A server on a port of this machine while the block runs."""
    server = Server(files)
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    http.daemon_threads = True
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}).start()
    server.address = f"http://127.0.0.1:{http.server_port}"
    try:
        yield server
    finally:
        server.let_go.set()
        http.shutdown()
        http.server_close()


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            if self.begin() is not None:
                server.looked_at.append(self.path.lstrip("/"))

        def do_GET(self):
            server.asked.append((self.path.lstrip("/"), self.headers["Range"]))
            if (content := self.begin()) is not None:
                with suppress(OSError):  # the other side may go at any time
                    self.send(content)

        def begin(self):
            """Send the headers; return what is to follow, None after a refusal."""
            name = self.path.lstrip("/")
            code = server.codes.get(name, 200 if name in server.files else 404)
            if code != 200:
                self.send_error(code)
                return None
            content, start = server.files[name], self.start(server.files[name])
            if 0 < len(content) <= start:
                self.send_error(416)
                return None
            self.send_response(206 if start else 200)
            if start:
                extent = f"bytes {start}-{len(content) - 1}/{len(content)}"
                self.send_header("Content-Range", extent)
            if server.has_tags:
                self.send_header("ETag", tag_of(content))
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            return content[start:]

        def start(self, content):
            part, condition = self.headers["Range"], self.headers["If-Range"]
            heeded = server.ignores_if_range or condition in (None, tag_of(content))
            return first_byte(part) if part and server.has_ranges and heeded else 0

        def send(self, content):
            if held := server.hold_after.get(self.path.lstrip("/"), 0):
                self.wfile.write(content[:held])
                server.let_go.wait(30)
                content = content[held:]
            self.wfile.write(content[: server.cut_after.pop(0) if server.cut_after else None])

        def log_message(self, *_):
            pass

    return Handler
