"""The endpoint of local pages: a secret key in the path, and the names of the server."""

import ipaddress
import secrets
import socket
from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit

from attrs import frozen

from engine.errors import UserError

LOOPBACK = ("127.0.0.1", "::1", "localhost")
_EVERYWHERE = ("0.0.0.0", "::", "")
_KEY_BYTES = 24
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


@frozen
class Endpoint:
    """The key and the server names that a request must contain."""

    key: str
    origin: str
    """Scheme, host and port: the pages' origin."""
    prefix: str
    """A reverse proxy's path before the key, without a final slash; the proxy may strip it."""
    names: Collection[str]
    """Host names, in lower case."""

    @property
    def base(self) -> str:
        """The path below which the pages answer."""
        return f"{self.prefix}/{self.key}"

    @property
    def address(self) -> str:
        """The address of the pages for browsers."""
        return f"{self.origin}{self.base}"

    def inner_path(self, path: str) -> str | None:
        """The path with the prefix, which may have been stripped; None without the key."""
        rest = path.removeprefix(self.prefix) if path.startswith(f"{self.prefix}/") else path
        parts = rest.split("/", 2)
        known = len(parts) > 1 and secrets.compare_digest(parts[1].encode(), self.key.encode())
        return "/".join([self.base, *parts[2:]]) if known and not parts[0] else None

    def is_named_by(self, host: str) -> bool:
        """Whether a Host header names this server.

        IP addresses always do. The owner of another site can let its name lead here; an IP address
        cannot be redirected.
        """
        found = split(f"//{host}")
        name = (found.hostname or "") if found else ""
        return name in self.names or _is_number(name)


def endpoint_at(host: str, port: int, address: str) -> Endpoint:
    """The endpoint, with a new key, of a server at a host and port of this machine.

    `address` is the address through a reverse proxy, or empty. Raises UserError where it is not
    valid.
    """
    at = split(address or f"http://{_shown(host)}:{port}")
    if at is None or at.scheme not in _DEFAULT_PORTS or not at.hostname or at.query or at.fragment:
        raise UserError(f"{address!r} is not a valid web address. Write it as https://host/path.")
    names = {"localhost", host.lower(), at.hostname}
    if host not in LOOPBACK:
        names |= {socket.gethostname().lower(), socket.getfqdn().lower()}
    origin = f"{at.scheme}://{at.netloc.lower().removesuffix(_DEFAULT_PORTS[at.scheme])}"
    return Endpoint(secrets.token_urlsafe(_KEY_BYTES), origin, at.path.rstrip("/"), names)


def split(address: str) -> SplitResult | None:
    """The parts of an address; None where it is not valid."""
    try:
        return urlsplit(address)
    except ValueError:
        return None


def _shown(host: str) -> str:
    """A host for browsers; the name of this machine where the server listens everywhere."""
    if host in _EVERYWHERE:
        return socket.gethostname()
    return f"[{host}]" if ":" in host else host


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
