"""Ctrl-C, SIGTERM, a closed terminal and the like: noted at once, obeyed after the step.

During an evaluation they are obeyed at once, since nothing is lost but the evaluation.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TypeVar

from attrs import define

from engine.training.processes import SIGNALS
from engine.training.ranks import Ranks

_T = TypeVar("_T")


class StoppedAtOnce(BaseException):
    """Raised by a signal while nothing can be lost; no `except Exception` catches it."""


@define
class StopRequest:
    """Which signal asked the run to stop, if one did."""

    signal: int | None = None
    _at_once: bool = False

    def note(self, number: int) -> None:
        """Note a signal. Raises StoppedAtOnce inside `obeyed_at_once`."""
        self.signal = number
        if self._at_once:
            self._at_once = False  # a second signal does not disturb the leaving
            raise StoppedAtOnce

    @contextmanager
    def obeyed_at_once(self, whether: bool) -> Iterator[None]:
        """Inside, if `whether`, a signal raises StoppedAtOnce: for minutes without a step."""
        if whether and self.signal is not None:
            raise StoppedAtOnce
        self._at_once = whether
        try:
            yield
        finally:
            self._at_once = False

    def from_first(self, ranks: Ranks, make: Callable[[], _T]) -> _T:
        """The result of `make`, which the first process calls, and which a signal to it cuts.

        Raises StoppedAtOnce in every process then.
        """

        def made() -> tuple[_T] | None:
            try:
                with self.obeyed_at_once(True):
                    return (make(),)
            except StoppedAtOnce:
                return None

        result = ranks.from_first(made)
        if result is None:
            self.agreed(ranks)
            raise StoppedAtOnce
        return result[0]

    def agreed(self, ranks: Ranks) -> bool:
        """Whether any process of the run got a signal: all stop after the same step."""
        (number,) = ranks.largest([self.signal or 0])
        if number:
            self.signal = number
        return number > 0


@contextmanager
def stop_on_signals(says: bool = False) -> Iterator[StopRequest]:
    """Inside, these signals only set the request; the old handlers are restored afterwards.

    If `says`, the first one is confirmed on stderr at once. A signal that is already ignored stays
    ignored, as under nohup.
    """
    request = StopRequest()

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        if says and request.signal is None:
            _confirm(number)
        request.note(number)

    heeded = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    old = {number: signal.signal(number, note) for number in heeded}
    try:
        yield request
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def _confirm(number: int) -> None:
    """Say on stderr that a signal was received; by os.write, which a handler may call anywhere."""
    name = signal.Signals(number).name
    sentence = f"{name} received: the run stops at the next point from which it can be resumed"
    with suppress(OSError):  # the terminal may be the one that was closed
        os.write(2, f"\n{sentence}\n".encode())
