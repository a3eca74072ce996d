"""Standard output that holds one JSON document and nothing else."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

import click

from engine.cli.answers.answer import Answer, as_json

_OUT, _ERROR = 1, 2


@contextmanager
def output_to_standard_error() -> Iterator[None]:
    """Inside, what this process, its libraries and its workers print goes to standard error."""
    sys.stdout.flush()
    kept = os.dup(_OUT)
    os.dup2(_ERROR, _OUT)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, _OUT)
        os.close(kept)


@contextmanager
def exit_at_sigterm() -> Iterator[None]:
    """Inside, SIGTERM raises SystemExit, so that what is half done is cleaned up, and said."""
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def print_answer(answer: Answer) -> None:
    """Print the document."""
    click.echo(as_json(answer), nl=False)
