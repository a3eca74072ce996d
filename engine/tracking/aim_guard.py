"""What stands between browsers and Aim, which asks nobody for a password.

Whoever can ask Aim can run commands as its user (aim_query.py): every search is read first, and all
else that may be asked is decided by the guard of all local pages (engine/web/guard.py).
"""

from urllib.parse import parse_qs

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.tracking.aim_query import refused
from engine.web.endpoint import Endpoint
from engine.web.guard import Guard

# Aim's pages load parts from other servers, which would be code of others in reach of Aim.
_POLICY = (
    "default-src 'self' data: blob:; script-src 'self' blob: 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'self'; form-action 'self'"
)


def guarded(aim: ASGIApp, endpoint: Endpoint) -> Guard:
    """Aim's application as it may be reached."""
    return Guard(
        _searched(aim),
        endpoint,
        policy=_POLICY,
        command="cantus ui",
        is_page=lambda path: not path.startswith(f"{endpoint.base}/api"),
    )


def _searched(aim: ASGIApp) -> ASGIApp:
    """Aim's application, asked no search that could run a command."""

    async def ask(scope: Scope, receive: Receive, send: Send) -> None:
        query = parse_qs(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
        why = next(filter(None, map(refused, filter(str.strip, query.get("q", [])))), None)
        await (_not_answered(why) if why else aim)(scope, receive, send)

    return ask


def _not_answered(why: str) -> JSONResponse:
    """As Aim answers what is no expression, so that its page shows it."""
    detail = {"statement": why, "line": 1, "offset": 0, "end_offset": 0}
    return JSONResponse({"message": why, "detail": detail}, 400)
