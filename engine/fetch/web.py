"""Files of the web, by `huggingface_hub`: its requests, retries, redirections, tokens and mirrors.

What it reads from the environment holds here too: HF_ENDPOINT (a mirror of the hub), HF_TOKEN,
HF_HUB_OFFLINE, HF_HUB_DOWNLOAD_TIMEOUT, the proxies. Its `hf_hub_download` is not used: that of
release 2.4 deletes what has arrived where a download fails, and never continues it after a kill.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Literal, Self

import httpx2
from attrs import evolve, frozen
from huggingface_hub import HfFileMetadata, constants, get_hf_file_metadata, hf_hub_url
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import build_hf_headers, get_session  # type: ignore[attr-defined]
from huggingface_hub.utils import logging as hub_logging

from engine.errors import UserError
from engine.fetch.bounds import Bounds, require_sane
from engine.fetch.source import Progress, Remote, SpoiledError
from engine.fetch.web_faults import faults_in_words

Token = Literal[False] | None
"""None: the user's, where there is one. False: none."""

_BUSY = (408, 429, 500, 502, 503, 504)


@frozen
class Web:
    """A folder of a web server. No token is sent there."""

    address: str

    def look(self, name: str) -> Remote:
        """See `Source.look`."""
        address = f"{self.address}/{name}"
        with faults_in_words(address):
            metadata = _metadata(address, token=False)
            if metadata.size is None and metadata.location != address:
                # Led on to another host, as from a release of GitHub: that one knows the file.
                metadata = _metadata(metadata.location, token=False)
            return _remote(address, metadata)

    def append(self, remote: Remote, start: int, file: BinaryIO, done: Progress) -> None:
        """See `Source.append`."""
        _append(remote, start, file, done, token=False)


@frozen
class Hub:
    """A folder of a repository of the hub, or of the mirror that HF_ENDPOINT names."""

    repo: str
    revision: str
    folder: str = ""
    """Empty: the files lie at the top."""

    def look(self, name: str) -> Remote:
        """See `Source.look`. The address is that of the commit: what is there never changes."""
        address = self._address(name, self.revision)
        with faults_in_words(address):
            metadata = _metadata(address, token=None)
            remote = _remote(address, metadata)
        if metadata.commit_hash is None:
            return remote
        return evolve(remote, address=self._address(name, metadata.commit_hash))

    def append(self, remote: Remote, start: int, file: BinaryIO, done: Progress) -> None:
        """See `Source.append`."""
        _append(remote, start, file, done, token=None)

    def _address(self, name: str, revision: str) -> str:
        path = f"{self.folder}/{name}" if self.folder else name
        return hf_hub_url(self.repo, path, revision=revision)


def _metadata(address: str, token: Token) -> HfFileMetadata:
    """What a server says of a file. One that is busy is asked again, one that is silent is not."""
    with _own_settings():
        try:
            return get_hf_file_metadata(address, token=token, library_name="cantus")
        except HfHubHTTPError as error:
            if error.response.status_code not in _BUSY:
                raise
        return get_hf_file_metadata(
            address, token=token, library_name="cantus", retry_on_errors=True
        )


def _remote(address: str, metadata: HfFileMetadata) -> Remote:
    require_sane(address, metadata.size)
    return Remote(address, metadata.etag or "", metadata.size)


def _append(remote: Remote, start: int, file: BinaryIO, done: Progress, token: Token) -> None:
    with faults_in_words(remote.address), _own_settings():
        headers = build_hf_headers(token=token, library_name="cantus")
        # A server that compresses on the way would count the parts in compressed bytes.
        headers["Accept-Encoding"] = "identity"
        bounds = Bounds(remote.address, remote.size, Path(file.name).parent)
        bar: Any = partial(_Bar, done, bounds)
        http_get(
            remote.address,
            file,
            resume_size=start,
            headers=headers,
            expected_size=remote.size,
            tqdm_class=bar,
        )


class _Bar:
    """The part of a tqdm progress bar that `http_get` uses."""

    def __init__(
        self, done: Progress, bounds: Bounds, *, total: int | None, initial: int, **_: object
    ) -> None:
        self._done, self._bounds, self._total, self._have = done, bounds, total, initial
        self.update(0)

    def update(self, num_bytes: int) -> None:
        """Count `num_bytes` more bytes; fewer where the whole file is sent again."""
        self._have += num_bytes
        self._bounds.take(self._have)
        self._done(self._have, self._total)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


@contextmanager
def _own_settings() -> Iterator[None]:
    """Inside, the library says nothing of its own, and asks its hub nothing about this process.

    It also writes what arrives at once: by default it drops up to 10 MB where a connection is cut.
    """
    session = get_session()
    hooks = session.event_hooks
    session.event_hooks = {**hooks, "response": [*hooks.get("response", []), _refuse_odd]}
    before = constants.HF_HUB_DISABLE_TELEMETRY, constants.DOWNLOAD_CHUNK_SIZE
    verbosity = hub_logging.get_verbosity()
    constants.HF_HUB_DISABLE_TELEMETRY = True
    constants.DOWNLOAD_CHUNK_SIZE = None  # type: ignore[assignment]
    hub_logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        constants.HF_HUB_DISABLE_TELEMETRY, constants.DOWNLOAD_CHUNK_SIZE = before
        hub_logging.set_verbosity(verbosity)
        session.event_hooks = hooks


def _refuse_odd(response: httpx2.Response) -> None:
    """Raise an error for answers that the library accepts though they are of no use."""
    address = str(response.request.url)
    if response.is_redirect and "Location" not in response.headers:
        raise UserError(f"{address} leads on to nowhere. Name another place with --from.")
    coded = response.headers.get("Content-Encoding", "identity").lower()
    if response.is_success and response.request.method == "GET" and coded != "identity":
        raise SpoiledError(
            f"{address} sends the file compressed ({coded[:20]}), which was not asked for. "
            "Name another place with --from."
        )
