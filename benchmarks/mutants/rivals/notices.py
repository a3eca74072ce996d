"""What a trainer says while it trains: exceptions, Python's warnings and warnings in its log."""

import logging
import re
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from attrs import define, field, frozen

MOST = 200
"""Characters of a message that are kept."""
_PATH = re.compile(r"(?:/[\w.+-]+)+(/[\w.+-]+)")
"""The path of a file on this machine, of which its name is kept."""


@frozen
class Notice:
    """Something that a person would see."""

    kind: str
    """`error` or `stop`, which end the training, or `warning`."""
    step: int
    seconds: float
    """Seconds of CPU time since the trainer was started."""
    text: str


@define
class Notices:
    """The notices of one training, in order."""

    step: Callable[[], int]
    found: list[Notice] = field(factory=list)
    _started: float = field(factory=time.process_time)

    def add(self, kind: str, text: str) -> None:
        """Add a notice at the present step."""
        seconds = round(time.process_time() - self._started, 2)
        said = _PATH.sub(r"\1", " ".join(text.split()))[:MOST]
        if not any(one.text == said for one in self.found):
            self.found.append(Notice(kind, self.step(), seconds, said))

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Inside, everything that is said is noted. An exception ends the block, and no more."""
        handler = _Handler(self)
        shown, root = warnings.showwarning, logging.getLogger()
        named = [logging.getLogger(name) for name in ("trainer", "lightning.pytorch")]
        warnings.showwarning = lambda message, *_, **__: self.add("warning", str(message))
        for logger in (root, *named):
            logger.addHandler(handler)
        try:
            yield
        except (Exception, SystemExit) as error:  # noqa: BLE001 - what is raised is the finding
            cause = error.__context__ if isinstance(error, SystemExit) else error
            if cause is not None:
                self.add("error", f"{type(cause).__name__}: {cause}")
        finally:
            warnings.showwarning = shown
            for logger in (root, *named):
                logger.removeHandler(handler)


class _Handler(logging.Handler):
    def __init__(self, notices: Notices) -> None:
        super().__init__(logging.WARNING)
        self._notices = notices

    def emit(self, record: logging.LogRecord) -> None:
        """Note a record."""
        self._notices.add("warning", record.getMessage())
