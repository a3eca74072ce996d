"""Where progress bars are drawn."""

import sys

from rich.console import Console


def bar_console() -> Console:
    """A console on standard error; bars are drawn where it is interactive, which needs a terminal.

    FORCE_COLOR alone makes a pipe no terminal, and TERM=dumb draws no bars.
    """
    return Console(stderr=True, force_interactive=None if sys.stderr.isatty() else False)
