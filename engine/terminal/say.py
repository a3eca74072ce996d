"""Printing sentences that may hold text of strangers: names of files, clips, speakers, metrics."""

import click

from engine.files.text import visible_lines


def say(text: object) -> None:
    """Print lines; what would steer the terminal, or hide in it, is written as escapes."""
    click.echo(visible_lines(str(text)))
