"""The guard of pages that this machine serves to its user.

Any page that the user visits can make the browser send requests. So only paths with a secret key,
which no other page knows, are answered; and only requests that name no other page and no other name
of this machine.
"""

from collections.abc import Callable, Mapping

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.web.endpoint import Endpoint, split

_ADDED = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}


class Guard:
    """An ASGI application that passes allowed requests on to another one.

    `policy` is the Content-Security-Policy of every answer, `command` the command that prints the
    link, and `is_page` says whether a link on another page may open a path.
    """

    def __init__(
        self,
        inside: ASGIApp,
        endpoint: Endpoint,
        *,
        policy: str,
        command: str,
        is_page: Callable[[str], bool],
    ) -> None:
        self._inside, self._endpoint, self._is_page = inside, endpoint, is_page
        self._added = {"content-security-policy": policy, **_ADDED}
        self._refusal = f"Access denied. Open the link exactly as '{command}' printed it.\n"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or start and end with the server."""
        if scope["type"] == "lifespan":
            return await self._inside(scope, receive, send)
        if scope["type"] != "http":  # pages here use no other scope
            return await send({"type": "websocket.close", "code": 1008})
        path = self._endpoint.inner_path(scope["path"])
        send = _with_headers(send, self._added)
        if path is None or not self._comes_from_here(scope, path):
            return await PlainTextResponse(self._refusal, 403)(scope, receive, send)
        inner = {**scope, "path": path, "raw_path": path.encode()}
        return await self._inside(inner, receive, send)

    def _comes_from_here(self, scope: Scope, path: str) -> bool:
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._endpoint.is_named_by(host):
            return False
        if origin is not None and origin != self._endpoint.origin and _host(origin) != host:
            return False
        if headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
            return True
        # A link that has the key, in a terminal or a notebook that is a page itself.
        fetched_as = [headers.get(f"sec-fetch-{name}") for name in ("mode", "dest")]
        is_page = scope["method"] == "GET" and self._is_page(path)
        return is_page and fetched_as == ["navigate", "document"]


def _with_headers(send: Send, added: Mapping[str, str]) -> Send:
    async def send_more(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name in [one for one in headers if one.startswith("access-control-")]:
                del headers[name]
            headers.update(added)
        await send(message)

    return send_more


def _host(origin: str) -> str:
    found = split(origin)
    return found.netloc if found and found.scheme in ("http", "https") else ""
