"""Shortages in words: the system refused this process memory, threads or open files."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from engine.address_space import address_space
from engine.errors import UserError
from engine.files.disk import chain_of, in_words

_MEMORY = re.compile(
    r"can(?:no|')?t allocate|cannot map|failed to map segment|not enough memory|bad_alloc"
    r"|out of memory|enforce fail at alloc",
    re.IGNORECASE,
)
"""How loaders of libraries, PyTorch and CUDA say that there is no memory."""
_THREADS = re.compile(r"can't start new thread|resource temporarily unavailable", re.IGNORECASE)

_ADVICE = {
    "memory": "Allow or free more, or use less: lower training.batch_size, or work.num_workers in "
    "params.toml",
    "threads": "Allow more processes and memory (see ulimit -u and -v), or lower "
    "hardware.num_threads and work.num_workers in params.toml",
    "open files": "Allow more (see ulimit -n), or lower work.num_workers in params.toml",
}


@contextmanager
def shortages_in_words() -> Iterator[None]:
    """Inside, an error caused by a lack of memory, threads or open files is a UserError."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        for cause in chain_of(error):
            lacking = _lacking(cause)
            if lacking:
                raise UserError(_sentence(lacking, cause)) from error
        raise


def _lacking(error: BaseException) -> str | None:
    number, words = getattr(error, "errno", None), str(error)
    if number in (errno.EMFILE, errno.ENFILE):
        return "open files"
    if number == errno.EAGAIN or _THREADS.search(words):
        return "threads"
    is_of_memory = isinstance(error, MemoryError) or number == errno.ENOMEM
    is_import = isinstance(error, ImportError) and address_space() is not None
    return "memory" if is_of_memory or is_import or _MEMORY.search(words) else None


def _sentence(lacking: str, cause: BaseException) -> str:
    limit = address_space()
    allowed = "" if limit is None else f", of which ulimit -v allows {in_words(limit)}"
    said = str(cause).strip().splitlines() or [type(cause).__name__]
    return (
        f"The system gives this process no more {lacking}{allowed * (lacking == 'memory')}: "
        f"{said[0].rstrip('.')}. {_ADVICE[lacking]}, then give the same command again: what was "
        "saved is kept."
    )
