"""`cantus.error/1`: why a command with `--json` has no answer."""

import re
import signal
from collections.abc import Iterator

import click
from attrs import frozen

from engine.cli.answers.answer import Answer
from engine.cli.usage_errors import choices_of, usage_in_words
from engine.errors import UserError
from engine.exit_codes import Exit
from engine.recipe.faults import Fault, RecipeError, dotted

_SENTENCES = re.compile(r"(?<=[.?!]) +(?=[A-Z`'\"-])")

_AGAIN = "The same command begins again, with what was saved."


@frozen(kw_only=True)
class FaultFound:
    """One fault of a file."""

    file: str
    """The file, or the option of the command line that gave the value."""
    line: int | None
    """The line in the file; null where a value has none."""
    key: str
    """The key, with dots between tables; empty for the whole file."""
    message: str
    """What is wrong, and what is allowed instead."""


@frozen(kw_only=True)
class ErrorAnswer(Answer):
    """Why a command with `--json` has no answer."""

    SCHEMA = "cantus.error/1"

    kind: str
    """Fault, usage, refused, interrupted, or internal: an error of Cantus itself."""
    message: str
    """The whole message, as standard error has it."""
    what: str
    """The first sentence: what is wrong, and where."""
    to_do: tuple[str, ...]
    """The sentences after it: what is allowed, what to do."""
    allowed: tuple[str, ...] = ()
    """The values that are allowed, where they can be listed."""
    where: tuple[FaultFound, ...] = ()
    """Faults of files, one each; empty for other errors."""


def found(fault: Fault) -> FaultFound:
    """A fault as an answer has it."""
    return FaultFound(
        file=fault.place.source,
        line=fault.place.line,
        key=dotted(fault.path),
        message=fault.message,
    )


def refused(error: BaseException) -> ErrorAnswer:
    """The answer in place of an error that ends a command."""
    if isinstance(error, RecipeError):
        faults = tuple(map(found, error.faults))
        return _error("fault", str(error), Exit.REFUSED, where=faults)
    if isinstance(error, UserError):
        return _error("refused", str(error), Exit.REFUSED, allowed=error.allowed)
    if isinstance(error, click.ClickException):
        words, allowed = usage_in_words(error), tuple(choices_of(error))
        return _error("usage", words, Exit.REFUSED, allowed=allowed)
    if isinstance(error, click.Abort):
        return _error("interrupted", f"Interrupted. {_AGAIN}", Exit.INTERRUPTED)
    if isinstance(error, SystemExit):  # by a signal: no command with --json leaves so otherwise
        code = int(error.code or 0)
        name = signal.Signals(code - 128).name
        return _error("interrupted", f"Ended by the signal {name}. {_AGAIN}", code)
    said = f"{type(error).__name__}: {error}. This is an error of Cantus itself: please report it."
    return _error("internal", said, Exit.INTERNAL)


def _error(
    kind: str,
    message: str,
    code: int,
    *,
    allowed: tuple[str, ...] = (),
    where: tuple[FaultFound, ...] = (),
) -> ErrorAnswer:
    what, *to_do = _sentences(message)
    return ErrorAnswer(
        exit_code=int(code),
        kind=kind,
        message=message,
        what=what,
        to_do=tuple(to_do),
        allowed=allowed,
        where=where,
    )


def _sentences(message: str) -> Iterator[str]:
    """A message in sentences. Its first line stands for a list of faults."""
    yield from _SENTENCES.split(message.partition("\n")[0])
