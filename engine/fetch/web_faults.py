"""What befalls a request for a file, in a sentence that says what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from engine.errors import UserError
from engine.fetch.source import MissingError, SpoiledError

_SHOWN = 200
_ELSEWHERE = "name another place with --from: a repository, an address, or a folder"
_REFUSED = (401, 403)
_NOT_FOUND = 404
_BEYOND_ITS_END = 416
"""The answer of a server that has fewer bytes of a file than have arrived."""


@contextmanager
def faults_in_words(address: str) -> Iterator[None]:
    """Inside, what befalls a request becomes a UserError; what a disk refuses stays."""
    try:
        yield
    except HfHubHTTPError as error:
        raise _kind(error)(_in_words(error, address)) from error
    except (OfflineModeIsEnabled, httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        # The library lets through what it does not expect of a server: names, ports, numbers.
        raise UserError(_in_words(error, address)) from error
    except OSError as error:
        if error.errno is not None:
            raise
        # The library's check of the size has no class of its own.
        raise SpoiledError(f"{address} sent more or fewer bytes than it said.") from error


def _kind(error: HfHubHTTPError) -> type[UserError]:
    if isinstance(error, RepositoryNotFoundError | RevisionNotFoundError):
        return UserError
    kinds = {_BEYOND_ITS_END: SpoiledError, _NOT_FOUND: MissingError}
    return kinds.get(error.response.status_code, UserError)


def _in_words(error: Exception, address: str) -> str:
    match error:
        case OfflineModeIsEnabled():
            return f"{address} was not asked: HF_HUB_OFFLINE is set. Unset it, or {_ELSEWHERE}."
        case GatedRepoError():
            return (
                f"{address} is given to those alone who were granted access. Ask for it on the "
                f"repository's page and put your token into HF_TOKEN, or {_ELSEWHERE}."
            )
        case RepositoryNotFoundError():
            return (
                f"{address} is in no repository that can be seen without the right token. Put "
                f"yours into HF_TOKEN if it is private, or {_ELSEWHERE}."
            )
        case RevisionNotFoundError():
            return f"{address} names a revision that is not there: {_ELSEWHERE}."
        case HfHubHTTPError():
            answer = error.response
            said = f"{address} answers {answer.status_code} ({answer.reason_phrase})"
            if answer.status_code in _REFUSED:
                return f"{said}: see to the token in HF_TOKEN, or {_ELSEWHERE}."
            return f"{said}: the file cannot be had there. Try later, or {_ELSEWHERE}."
    reason = (str(error) or type(error).__name__).rstrip(".")[:_SHOWN]
    return f"{address} cannot be read: {reason}. See to your connection, or {_ELSEWHERE}."
