"""Ctrl-C, SIGTERM, a closed terminal and the like: noted at once, obeyed at the end of a step."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from attrs import define

from engine.training.ranks import Ranks

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
"""Clusters warn by the last two before they end a job."""


class StoppedAtOnce(BaseException):
    """A signal came while nothing could be lost: no `except Exception` may hold it up."""


@define
class StopRequest:
    """Which signal asked the run to stop, if one did."""

    signal: int | None = None
    _at_once: bool = False

    def note(self, number: int) -> None:
        """A signal came. Raises StoppedAtOnce inside of `heeded_at_once`."""
        self.signal = number
        if self._at_once:
            raise StoppedAtOnce

    @contextmanager
    def heeded_at_once(self, whether: bool) -> Iterator[None]:
        """Inside, if so, a signal raises StoppedAtOnce: for minutes that end without a step."""
        if whether and self.signal is not None:
            raise StoppedAtOnce
        self._at_once = whether
        try:
            yield
        finally:
            self._at_once = False

    def agreed(self, ranks: Ranks) -> bool:
        """Whether any process of the run was asked: all of them stop after the same step."""
        (number,) = ranks.largest([self.signal or 0])
        if number:
            self.signal = number
        return number > 0


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """While inside, these signals only set the request; the old handlers come back after.

    One that is ignored already stays so: nohup means it.
    """
    request = StopRequest()

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        request.note(number)

    heeded = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    old = {number: signal.signal(number, note) for number in heeded}
    try:
        yield request
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
