"""What stands between browsers and a tracker's pages, which ask nobody for a password.

Whoever can ask Aim can run commands as its user (aim_query.py), whoever can ask Trackio can change
runs, and any page that this user visits can have the browser ask. They answer only below a path
that holds a secret key, which no other page knows; and, besides, only requests that say nothing of
another page or another name of this machine.
"""

from collections.abc import Callable
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from engine.tracking.mirrors.endpoint import Endpoint, split

_ADDED = {
    # Both load parts from other servers, which would be code of others in reach of the runs.
    "content-security-policy": (
        "default-src 'self' data: blob:; script-src 'self' blob: 'unsafe-inline' 'unsafe-eval'; "
        "style-src 'self' 'unsafe-inline'; frame-ancestors 'self'; form-action 'self'"
    ),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
}


class Guard:
    """An ASGI application that passes on to a tracker's what may be asked.

    `refused` says of a search what of it is not answered.
    """

    def __init__(
        self,
        pages: ASGIApp,
        endpoint: Endpoint,
        refused: Callable[[str], str | None] = lambda _: None,
    ) -> None:
        self._pages, self._endpoint, self._refused = pages, endpoint, refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or start and end with the server."""
        if scope["type"] == "lifespan":
            return await self._pages(scope, receive, send)
        if scope["type"] != "http":  # they have no other
            return await send({"type": "websocket.close", "code": 1008})
        path = self._endpoint.inner_path(scope["path"])
        if path is None or not self._comes_from_here(scope, path):
            answer = PlainTextResponse(
                "Not from here. Open the link that 'cantus ui' printed, as it stands.\n", 403
            )
            return await answer(scope, receive, _with_headers(send))
        query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        why = next(filter(None, map(self._refused, filter(str.strip, query.get("q", [])))), None)
        if why:
            return await _not_answered(why)(scope, receive, _with_headers(send))
        inner = {**scope, "path": path, "raw_path": path.encode()}
        return await self._pages(inner, receive, _with_headers(send))

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
        is_page = scope["method"] == "GET" and not path.startswith(f"{self._endpoint.base}/api")
        return is_page and fetched_as == ["navigate", "document"]


def _not_answered(why: str) -> JSONResponse:
    """As Aim answers what is no expression, so that its page shows it."""
    detail = {"statement": why, "line": 1, "offset": 0, "end_offset": 0}
    return JSONResponse({"message": why, "detail": detail}, 400)


def _with_headers(send: Send) -> Send:
    async def send_more(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name in [one for one in headers if one.startswith("access-control-")]:
                del headers[name]
            headers.update(_ADDED)
        await send(message)

    return send_more


def _host(origin: str) -> str:
    found = split(origin)
    return found.netloc if found and found.scheme in ("http", "https") else ""
