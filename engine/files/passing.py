"""Temporary errors of a disk or a network, which are no faults of a file."""

import errno
import time
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")

WAITS_SECONDS = (0.0, 0.1, 0.4)
"""Waiting time before each further attempt."""

_NUMBERS = frozenset(
    (
        *(errno.EAGAIN, errno.EBUSY, errno.ECOMM, errno.ECONNABORTED, errno.ECONNREFUSED),
        *(errno.ECONNRESET, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.EINTR, errno.EIO),
        *(errno.EMFILE, errno.ENETDOWN, errno.ENETRESET, errno.ENETUNREACH, errno.ENFILE),
        *(errno.ENOLINK, errno.ENOMEM, errno.ENOTCONN, errno.EREMOTEIO, errno.ESHUTDOWN),
        *(errno.ESTALE, errno.ETIMEDOUT),
    )
)


def is_passing(error: OSError) -> bool:
    """Whether an error is one of the disk, the network or this process, and not of the file."""
    return error.errno in _NUMBERS


def patiently(read: Callable[[], _T]) -> _T:
    """The result of `read`, repeated a few times after temporary errors. Raises OSError."""
    for wait in WAITS_SECONDS:
        try:
            return read()
        except OSError as error:
            if not is_passing(error):
                raise
        time.sleep(wait)
    return read()
