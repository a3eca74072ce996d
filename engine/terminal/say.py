"""Printing sentences that may hold text of strangers: names of files, clips, speakers, metrics."""

import sys

import click

from engine.files.text import visible_lines
from engine.terminal.colours import coloured, has_colour


def say(text: object, *, err: bool = False) -> None:
    """Print lines, to standard error with `err`; in colour where a terminal shows them.

    Characters that would steer the terminal, or hide in it, are written as escapes.
    """
    shown = visible_lines(str(text))
    is_coloured = has_colour(sys.stderr if err else sys.stdout)
    click.echo(coloured(shown) if is_coloured else shown, err=err, color=is_coloured)


def complain(error: object) -> None:
    """Print an error to standard error."""
    say(f"error: {error}", err=True)
