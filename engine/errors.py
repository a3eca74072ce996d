"""Exceptions that are shown to a user as a sentence instead of a traceback."""

from collections.abc import Iterable


class UserError(Exception):
    """An error that the user can correct.

    The message is one or two sentences: what was wrong and where (file, line, key or clip),
    then what to do. The command line prints it and leaves with exit code 2. `allowed` are the
    values that would be taken, for programs; the message names the nearest for people.
    """

    def __init__(self, message: object, allowed: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.allowed = tuple(allowed)


class RefusedValuesError(UserError):
    """Values of a recipe that cannot be trained with each other, or on its corpus.

    It follows from the recipe and its data: another attempt, or another machine, gives the same.
    """


class DivergedError(UserError):
    """Weights that give values that are not finite: what training made of the recipe."""
