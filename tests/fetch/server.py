"""A real web server with the faults of real ones; it speaks as much of the hub as is needed.

`/<file>` is a plain server's. `/owner/name/resolve/<revision>/<file>` is the hub's, whose large
files lie elsewhere: such an address names the content's digest and leads to `/stored/<file>` on
another host, by another name of this machine. `/released/<file>` leads there and says nothing else.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from attrs import Factory, define

REPO = "owner/name"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
_LARGE = 100


@define
class Server:
    """What a server has, how it behaves, and what it was asked."""

    files: dict[str, bytes]
    repo: str = REPO
    address: str = ""
    has_ranges: bool = True
    has_tags: bool = True
    cut_after: list[int] = Factory(list)
    """Of each answer with content, the bytes after which it is cut; none left: it is whole."""
    hold_after: dict[str, int] = Factory(dict)
    """By file: bytes after which an answer stands still until `let_go`."""
    let_go: threading.Event = Factory(threading.Event)
    codes: dict[str, int] = Factory(dict)
    errors: dict[str, str] = Factory(dict)
    """By file: what the hub calls the reason of a refusal."""
    looked_at: list[str] = Factory(list)
    asked: list[tuple[str, str | None]] = Factory(list)
    """File and range of every request for content."""
    paths: list[str] = Factory(list)
    """Of every request."""
    tokens: list[tuple[str, str]] = Factory(list)
    """Path and token of every request that brought one."""

    def starts(self, name: str) -> list[int]:
        """The first byte of each request for a file."""
        return [first_byte(part) if part else 0 for asked, part in self.asked if asked == name]


def first_byte(part: str) -> int:
    return int(part.removeprefix("bytes=").removesuffix("-"))


def tag_of(content: bytes) -> str:
    return f'"{sha256(content).hexdigest()}"'


@contextmanager
def serving(files: dict[str, bytes], repo: str = REPO) -> Iterator[Server]:
    """A server on a port of this machine while the block runs."""
    server = Server(files, repo)
    http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    http.told = server
    http.daemon_threads = True
    threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}).start()
    server.address = f"http://127.0.0.1:{http.server_port}"
    try:
        yield server
    finally:
        server.let_go.set()
        http.shutdown()
        http.server_close()


class _Handler(BaseHTTPRequestHandler):
    @property
    def told(self):
        """How the server is to behave."""
        return self.server.told

    def do_HEAD(self):
        self.note()
        self.told.looked_at.append(self.name)
        self.begin()

    def do_GET(self):
        self.note()
        if not self.is_elsewhere():
            self.told.asked.append((self.name, self.headers["Range"]))
        if (content := self.begin()) is not None:
            with suppress(OSError):  # the other side may go at any time
                self.send(content)

    def note(self):
        self.told.paths.append(self.path)
        if token := self.headers["Authorization"]:
            self.told.tokens.append((self.path, token))

    @property
    def name(self):
        return self.path.rpartition("/")[2]

    def is_of_hub(self):
        return self.path.startswith(f"/{self.told.repo}/resolve/")

    def is_elsewhere(self):
        """Whether a request is led on to where the file is stored."""
        large = len(self.told.files.get(self.name, b"")) > _LARGE
        return large and (self.is_of_hub() or self.path.startswith("/released/"))

    def begin(self):
        """Send the headers; return what is to follow, None after a refusal."""
        if not self.is_of_hub() and "/resolve/" in self.path:
            return self.refuse(404, "RepoNotFound")
        code = self.told.codes.get(self.name, 200 if self.name in self.told.files else 404)
        if code != 200:
            missing = "EntryNotFound" if self.is_of_hub() and code == 404 else None
            return self.refuse(code, self.told.errors.get(self.name, missing))
        content = self.told.files[self.name]
        if self.is_elsewhere():
            return self.lead_on(content)
        start = self.start()
        if 0 < len(content) <= start:
            return self.refuse(416)
        self.send_response(206 if start else 200)
        if start:
            extent = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self.send_header("Content-Range", extent)
        self.send_facts(content, "ETag")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        return content[start:]

    def refuse(self, code, error=None):
        self.send_response(code)
        if error:
            self.send_header("X-Error-Code", error)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def lead_on(self, content):
        self.send_response(302)
        port = self.server.server_port
        self.send_header("Location", f"http://localhost:{port}/stored/{self.name}")
        if self.is_of_hub():
            self.send_facts(content, "X-Linked-Etag")
            self.send_header("X-Linked-Size", str(len(content)))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def send_facts(self, content, tag):
        if self.told.has_tags:
            self.send_header(tag, tag_of(content))
        if self.is_of_hub():
            self.send_header("X-Repo-Commit", COMMIT)

    def start(self):
        part = self.headers["Range"]
        return first_byte(part) if part and self.told.has_ranges else 0

    def send(self, content):
        if held := self.told.hold_after.get(self.name, 0):
            self.wfile.write(content[:held])
            self.told.let_go.wait(30)
            content = content[held:]
        self.wfile.write(content[: self.told.cut_after.pop(0) if self.told.cut_after else None])

    def log_message(self, *_):
        pass
