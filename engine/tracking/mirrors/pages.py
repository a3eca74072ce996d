"""A tracker's pages, served in this process, behind the guard: nothing can be reached beside it."""

import socket
from collections.abc import Callable, Sequence

import uvicorn
from attrs import frozen
from starlette.types import ASGIApp

from engine.tracking.mirrors.aim_links import audio_link, curves_link
from engine.tracking.mirrors.place import MirrorPlace
from engine.tracking.mirrors.state import MirrorState
from engine.tracking.mirrors.trackio_here import trackio_link

_SECONDS_TO_END = 2


@frozen
class Link:
    """A link into a tracker's pages."""

    title: str
    address: str


def links_to(place: MirrorPlace, address: str, runs: Sequence[MirrorState]) -> list[Link]:
    """Where a tracker's pages show runs beside each other."""
    if place.kind == "trackio":
        return [Link("curves, sounds and parameters", trackio_link(address, runs))]
    return [
        Link("curves", curves_link(address, runs)),
        Link("sounds, side by side", audio_link(address, runs)),
    ]


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, opened: Callable[[], None]) -> None:
        super().__init__(config)
        self._opened = opened

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._opened()


def serve(guarded: ASGIApp, listener: socket.socket, opened: Callable[[], None]) -> None:
    """Answer at `listener` until this process is told to end.

    `opened` is called once pages can be had.
    """
    config = uvicorn.Config(
        guarded,
        ws="none",
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_SECONDS_TO_END,
    )
    _Server(config, opened).run(sockets=[listener])
