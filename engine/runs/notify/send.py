"""Sending a message: to a command's standard input, or to a web hook. Each within a few seconds.

A failure is returned as a reason in words, without the address, which may hold a secret.
"""

import http.client
import os
import shlex
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from engine.recipe.params import Notify

SECONDS = 5
COMMAND = "CANTUS_NOTIFY_COMMAND"
"""The environment variable of the command: words quoted as in a shell, though none runs."""
_HERE = "127.0.0.1"


def find_problem(notify: Notify) -> str | None:
    """Why a message could never be sent by these settings; None where it could."""
    variable = notify.web_hook_variable
    try:
        command = command_words()
    except ValueError as error:
        return f"the environment variable {COMMAND} is not a command line: {error}"
    if command and shutil.which(command[0]) is None:
        return (
            f"the environment variable {COMMAND} names {command[0]!r}, which is no program on PATH"
        )
    if not variable:
        return None
    if variable not in os.environ:
        return f"the environment variable {variable} is not set (tracking.notify.web_hook_variable)"
    if not _may_be_asked(os.environ[variable]):
        address = f"an address that begins with https:// (or http://{_HERE})"
        return f"the environment variable {variable} must hold {address}"
    return None


def command_words() -> tuple[str, ...]:
    """The command that the environment names. Raises ValueError where a quotation has no end."""
    return tuple(shlex.split(os.environ.get(COMMAND, "")))


def run_command(command: Sequence[str], message: bytes, folder: Path) -> str | None:
    """Run a command in a folder and give it the message; why it failed, None where it did not.

    Its output is discarded. After a few seconds it is killed, with all that it started.
    """
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        return f"the command cannot be run ({type(error).__name__})"
    try:
        process.communicate(message, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return f"the command did not end within {SECONDS} s"
    code = process.returncode
    return f"the command ended with {code}" if code else None


def post(address: str, message: bytes) -> str | None:
    """Post JSON to an address; why that failed, None where it did not. Follows no redirection."""
    if not _may_be_asked(address):
        return "the web hook's address is not https"
    request = urllib.request.Request(
        address,
        data=message,
        headers={"Content-Type": "application/json", "User-Agent": "cantus"},
        method="POST",
    )
    proxies = urllib.request.ProxyHandler({} if address.startswith("http:") else None)
    opener = urllib.request.build_opener(_NoRedirection, proxies)
    try:
        with _seconds(), opener.open(request, timeout=SECONDS):
            return None
    except urllib.error.HTTPError as error:
        return f"the web hook answered with status {error.code}"
    except (OSError, http.client.HTTPException, ValueError) as error:
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        return f"the web hook cannot be reached ({type(cause).__name__})"


def _may_be_asked(address: str) -> bool:
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host == _HERE))


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow no redirection: another address was not configured, and might not be https."""


@contextmanager
def _seconds() -> Iterator[None]:
    """Inside, in a process's main thread, a server that answers too slowly is given up."""
    before = signal.signal(signal.SIGALRM, _give_up)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _give_up(*_: object) -> NoReturn:
    raise TimeoutError("it took too long")
