"""Batches prepared ahead of their step by one thread: packed audio needs no worker processes."""

import queue
import threading
from collections.abc import Generator

import numpy as np

from engine.training.checks.finite import require_finite
from engine.training.order import Order
from engine.training.system import Batch, ClipSet

_AHEAD = 3


def batches(clips: ClipSet, order: Order, start: int) -> Generator[list[Batch], None, None]:
    """The micro-batches of every step from `start` on, without end.

    Random choices (crops) come from a generator seeded by (seed, step, rank, micro-batch), so that
    they do not depend on what ran before.
    """
    made: queue.Queue[list[Batch] | BaseException] = queue.Queue(maxsize=_AHEAD)
    stopped = threading.Event()

    def put(item: list[Batch] | BaseException) -> None:
        while not stopped.is_set():
            try:
                made.put(item, timeout=0.2)
            except queue.Full:
                continue
            return

    def work() -> None:
        try:
            for step, indices in order.steps(start):
                if stopped.is_set():
                    return
                put(_step(clips, order, step, indices))
        except BaseException as error:  # noqa: BLE001 - handed over to the training thread
            put(error)

    thread = threading.Thread(target=work, name="cantus-loader", daemon=True)
    thread.start()
    try:
        while True:
            item = made.get()
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join()


def _step(clips: ClipSet, order: Order, step: int, indices: np.ndarray) -> list[Batch]:
    """Raises BrokenBatchError where a clip is not finite."""
    made = []
    for number, part in enumerate(order.parts(indices)):
        random = np.random.default_rng([order.seed, step, order.rank, number])
        batch = clips.batch(part.tolist(), random)
        require_finite(batch, [clips.ids[clip] for clip in part.tolist()], step)
        made.append(batch)
    return made
