"""Trackio's pages."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from engine.tracking.mirrors.guard import guarded
from engine.tracking.mirrors.trackio_here import keep_trackio_here
from engine.web.endpoint import Endpoint


@contextmanager
def trackio_pages(folder: Path, endpoint: Endpoint) -> Iterator[ASGIApp]:
    """Inside, Trackio's pages of a folder, behind the guard.

    Raises UserError where Trackio is not installed.
    """
    keep_trackio_here(folder)
    from trackio.server import build_starlette_app_only

    for scheme in ("light", "dark"):  # Trackio's own address of them lacks the prefix
        logo = f"static/trackio/trackio_logo_type_{scheme}_transparent.png"
        os.environ[f"TRACKIO_LOGO_{scheme.upper()}_URL"] = f"{endpoint.base}/{logo}"
    app, _ = build_starlette_app_only(mcp_server=False)
    yield guarded(Starlette(routes=[Mount(endpoint.base, app=app)]), endpoint)
