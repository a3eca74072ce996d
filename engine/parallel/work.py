"""A function applied to many items, by the workers that params.toml names."""

import os
import time
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable
from functools import cache
from itertools import islice
from threading import Thread
from typing import Any, TypeVar

from attrs import frozen
from joblib import Parallel, delayed, parallel_config

from engine.errors import UserError
from engine.parallel.clusters import Workers, open_workers
from engine.recipe.params import Work

# One runs and one waits in the worker's queue. loky prints a traceback where it is stopped while
# tasks have not reached that queue: it holds no more than this, and takes a moment to fill.
_TASKS_PER_WORKER = 2
_SETTLE_SECONDS = 0.1
_WATCH_SECONDS = 2.0

Item = TypeVar("Item")
Result = TypeVar("Result")


@frozen(kw_only=True)
class Outcome:
    """The result of a function, or its error."""

    result: Any = None
    error: Exception | None = None


def run_over(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    work: Work,
    *,
    progress: Callable[[int], None] | None = None,
) -> Generator[Result, None, None]:
    """The function's results in the items' order, whichever worker is done first.

    Items are read as results are taken: at most two for each worker are under way or waiting.
    Libraries inside a worker use one thread. `progress` is called with the results given so far.
    Errors of the function are raised here. Raises UserError where workers cannot be started or
    one of them dies. The workers stop when the generator is closed: callers that may leave it
    early put it into `contextlib.closing`.
    """
    with open_workers(work) as workers:
        try:
            for num_done, result in enumerate(_in_order(function, items, workers), start=1):
                yield result
                if progress:
                    progress(num_done)
        except workers.lost as error:
            raise UserError(
                "A worker died at its task, probably for lack of memory. Use fewer workers: "
                "lower work.num_workers in params.toml, or start fewer on the cluster."
            ) from error


def _in_order(
    function: Callable[[Item], Result], items: Iterable[Item], workers: Workers
) -> Generator[Result, None, None]:
    """A joblib call for each item, so that the next one starts only when a result is taken.

    One call for all would work through the items whether results are taken or not.
    """
    left = iter(items)
    under_way: deque[Generator[Outcome, None, None]] = deque()
    try:
        while True:
            for item in islice(left, workers.count * _TASKS_PER_WORKER - len(under_way)):
                under_way.append(_start(function, item, workers))
            if not under_way:
                return
            (outcome,) = under_way[0]
            under_way.popleft()
            if outcome.error:
                raise outcome.error
            yield outcome.result
    finally:
        _stop(under_way)


def _stop(under_way: Iterable[Generator[Outcome, None, None]]) -> None:
    """Stop running tasks, whose results are not taken."""
    if not under_way:
        return
    time.sleep(_SETTLE_SECONDS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # joblib warns of results that were not taken
        for call in under_way:
            call.close()


def _start(
    function: Callable[[Item], Any], item: Item, workers: Workers
) -> Generator[Outcome, None, None]:
    threads = {"inner_max_num_threads": 1} if workers.backend == "loky" else {}
    with parallel_config(workers.backend, n_jobs=workers.count, **threads):
        call = Parallel(return_as="generator", batch_size=1, pre_dispatch="all")
        parent = os.getpid() if workers.backend == "loky" else None
        outcomes: Generator[Outcome, None, None] = call([delayed(_try)(function, item, parent)])
    return outcomes


def _try(function: Callable[[Item], Any], item: Item, parent: int | None) -> Outcome:
    """Run in the worker; an error is returned as a result, alike on every backend."""
    if parent not in (None, os.getpid()):
        _end_with(parent)
    try:
        return Outcome(result=function(item))
    except Exception as error:  # noqa: BLE001    # raised again where the result is taken
        if not isinstance(error, UserError):
            error.add_note(f"In a worker:\n{traceback.format_exc()}")
        return Outcome(error=error)


@cache
def _end_with(parent: int | None) -> None:
    """End this worker when its parent was killed, instead of waiting for tasks for ever."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_WATCH_SECONDS)
        os._exit(1)

    Thread(target=watch, daemon=True).start()
