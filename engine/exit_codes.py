"""The exit codes of `cantus`. docs/command-line.md has the same table."""

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended. One that a signal N ended leaves with 128 + N."""

    DONE = 0
    """The command did what was asked, or answered the question: also where the answer is no."""
    STOPPED_BY_GUARD = 1
    """`train`: a guard stopped the run, so there is no model."""
    REFUSED = 2
    """An error that the user can correct, or a fault that was looked for and found."""
    INTERNAL = 70
    """An error of Cantus itself, with a traceback (EX_SOFTWARE of sysexits.h)."""
    LOST_ANOTHER = 75
    """One process of a run on several devices ended because another one failed."""
    INTERRUPTED = 130
    """Ctrl-C: 128 + SIGINT."""
