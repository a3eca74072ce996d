"""The one exception that is shown to a user as a sentence instead of a traceback."""

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
