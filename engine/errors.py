"""The one exception that is shown to a user as a sentence instead of a traceback."""


class UserError(Exception):
    """An error that the user can correct.

    The message is one or two sentences: what was wrong and where (file, line, key or clip),
    then what to do. The command line prints it and leaves with exit code 2.
    """
