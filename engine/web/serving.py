"""Serving of pages to the browsers of this machine, until this process is stopped."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from engine.errors import UserError

_SECONDS_TO_END = 2


@contextmanager
def listening(host: str, port: int, command: str, *, tries: int = 1) -> Iterator[socket.socket]:
    """A socket at a port of this machine, or at the next free one of `tries` ports.

    Raises UserError where none is free, naming `command` with another port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for number in range(port, port + tries):
        try:
            listener = socket.create_server((host, number), family=family)
        except (OSError, OverflowError) as error:
            reason = error
            continue
        with listener:
            yield listener
        return
    ports = f"Port {port}" if tries == 1 else f"No port from {port} to {port + tries - 1}"
    raise UserError(
        f"{ports} of {host} cannot be used: {reason}. Give another: {command} --port {port + tries}"
    ) from reason


def serve(app: ASGIApp, listener: socket.socket, opened: Callable[[], None]) -> None:
    """Answer at `listener` until this process is stopped; call `opened` once it is ready."""
    config = uvicorn.Config(
        app,
        ws="none",
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_SECONDS_TO_END,
    )
    _Server(config, opened).run(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, opened: Callable[[], None]) -> None:
        super().__init__(config)
        self._opened = opened

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._opened()
