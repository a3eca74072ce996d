"""Servers of this project in processes of their own, asked by programs."""

import http.client
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil


class Server:
    """Aim's pages at a port of this machine, as they are asked by a program."""

    def __init__(self, port: int, base: str = "") -> None:
        self.port, self.base = port, base

    def ask(self, path: str, method: str = "GET", **headers: str) -> http.client.HTTPResponse:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        link.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        answer = link.getresponse()
        answer.text = answer.read().decode(errors="replace")
        link.close()
        return answer


@contextmanager
def process(command: list[str], cwd: Path, **more: str) -> Iterator[subprocess.Popen[str]]:
    """A server in a session of its own, and its first words."""
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"} | more
    started = subprocess.Popen(
        [sys.executable, *command], cwd=cwd, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait()


def port_of(pid: int) -> int:
    """The one port that a process answers at."""
    (port,) = {c.laddr.port for c in psutil.Process(pid).net_connections() if c.status == "LISTEN"}
    return port
