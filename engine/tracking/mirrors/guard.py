"""The guard of a tracker's pages, which have no password.

A request to Aim can run commands as its user (aim_query.py), so every search is checked first; a
request to Trackio can change runs. All other requests are checked by the guard of all local pages
(engine/web/guard.py).
"""

from collections.abc import Callable
from urllib.parse import parse_qs

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.web.endpoint import Endpoint
from engine.web.guard import Guard

# Both load scripts from other servers, which could then read the runs.
_POLICY = (
    "default-src 'self' data: blob:; script-src 'self' blob: 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'self'; form-action 'self'"
)


def guarded(
    pages: ASGIApp,
    endpoint: Endpoint,
    refused: Callable[[str], str | None] = lambda _: None,
) -> Guard:
    """A tracker's application behind the guard.

    `refused` gives the reason why a search is refused.
    """
    return Guard(
        _searched(pages, refused),
        endpoint,
        policy=_POLICY,
        command="cantus ui",
        is_page=lambda path: not path.startswith(f"{endpoint.base}/api"),
    )


def _searched(pages: ASGIApp, refused: Callable[[str], str | None]) -> ASGIApp:
    """An application that gets only allowed searches."""

    async def ask(scope: Scope, receive: Receive, send: Send) -> None:
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        why = next(filter(None, map(refused, filter(str.strip, query.get("q", [])))), None)
        await (_not_answered(why) if why else pages)(scope, receive, send)

    return ask


def _not_answered(why: str) -> JSONResponse:
    """An answer in the form of Aim's own errors, so that its page shows it."""
    detail = {"statement": why, "line": 1, "offset": 0, "end_offset": 0}
    return JSONResponse({"message": why, "detail": detail}, 400)
