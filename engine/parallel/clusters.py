"""The workers that params.toml names: this machine's cores, or a Dask or a Ray cluster."""

import logging
import os
import socket
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from attrs import frozen
from joblib import cpu_count
from joblib.externals.loky.process_executor import TerminatedWorkerError
from joblib.parallel import ParallelBackendBase

from engine.elsewhere import elsewhere
from engine.errors import UserError
from engine.recipe.params import Work

_CONNECT_SECONDS = 10

Task = Callable[[], Any]


@frozen(kw_only=True)
class Workers:
    """Ready workers: joblib's backend, the number of tasks at once, the errors of lost workers."""

    backend: str | ParallelBackendBase
    count: int
    lost: tuple[type[BaseException], ...]


class ClusterBackend(ParallelBackendBase):  # type: ignore[misc]    # joblib has no types
    """joblib's tasks on a cluster that gives a `concurrent.futures.Future` for each.

    joblib's own backend for Dask waits for ever where a worker was killed, and Ray's gives no
    result before all are done.
    """

    supports_retrieve_callback = True

    def __init__(self, submit: Callable[[Task], "Future[Any]"]) -> None:
        super().__init__()
        self._submit = submit

    def effective_n_jobs(self, n_jobs: int) -> int:
        """The requested number: the cluster queues tasks."""
        return n_jobs

    def submit(self, func: Task, callback: Callable[["Future[Any]"], None]) -> "Future[Any]":
        """Send one task; call the callback with its future when it is done."""
        future = self._submit(func)
        future.add_done_callback(callback)
        return future

    def retrieve_result_callback(self, future: "Future[Any]") -> Any:
        """The result of a finished task. Raises where its worker was lost."""
        return future.result()


@contextmanager
def open_workers(work: Work) -> Iterator[Workers]:
    """Inside, workers are running; those that were started here are stopped at the end.

    Raises UserError where the backend's package is missing or no cluster answers at the address.
    """
    if work.backend == "cores":
        count = work.num_workers or cpu_count()
        # loky renews a worker whose memory has grown, as by importing torch, and warns of it.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
        yield Workers(backend="loky", count=count, lost=(TerminatedWorkerError,))
        return
    _require_package(work.backend)
    with (_dask if work.backend == "dask" else _ray)(work) as workers:
        yield workers


def _require_package(backend: str) -> None:
    package = {"dask": "distributed", "ray": "ray"}[backend]
    if find_spec(package) is None:
        raise UserError(
            f"params.toml: work.backend = {backend!r} needs the package {package!r}, which is not "
            f"installed. Install it with: pip install 'cantus[{backend}]'"
        )


def _call(task: Task) -> Any:
    return task()


@contextmanager
def _dask(work: Work) -> Iterator[Workers]:
    import dask
    from distributed import Client, KilledWorker, LocalCluster

    # Exceptions report failures; Dask and its web server would log them as well.
    for name in ("distributed", "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    local = {"distributed.scheduler.allowed-failures": 0} if not work.address else {}
    with dask.config.set(local):
        place: Any = work.address or LocalCluster(
            n_workers=work.num_workers or cpu_count(),
            threads_per_worker=1,
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
        )
        try:
            client = Client(place, timeout=_CONNECT_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise _no_answer(work, "Start a scheduler with 'dask scheduler'") from error
        try:
            executor = client.get_executor(pure=False)
            yield Workers(
                backend=ClusterBackend(lambda task: executor.submit(_call, task)),
                count=_num_dask_workers(work, client.nthreads()),
                lost=(KilledWorker, CancelledError),
            )
        finally:
            client.close()
            if not work.address:
                place.close()


def _num_dask_workers(work: Work, threads: dict[str, int]) -> int:
    if not threads:
        raise UserError(
            f"The Dask scheduler at {work.address} (params.toml: work.address) has no workers. "
            f"Start some with: dask worker {work.address} --nthreads 1"
        )
    # Decoders' messages are read from the process's one standard error.
    for worker, count in threads.items():
        if count > 1:
            raise UserError(
                f"The Dask worker {worker} runs {count} tasks at once in one process, where "
                "decoders would mix up their messages. Start it with: --nworkers auto --nthreads 1"
            )
    return len(threads)


@contextmanager
def _ray(work: Work) -> Iterator[Workers]:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray
    from ray.exceptions import NodeDiedError, OutOfMemoryError, WorkerCrashedError

    where: dict[str, Any] = {
        "num_cpus": work.num_workers or cpu_count(),
        "include_dashboard": False,
    }
    if work.address:
        _require_ray(work)
        where = {"address": work.address}
    with elsewhere():  # Ray has its workers import from the folder that is current here
        ray.init(**where, log_to_driver=False, logging_level=logging.ERROR)
    try:
        remote = ray.remote(_call).options(max_retries=3 if work.address else 0)
        yield Workers(
            backend=ClusterBackend(lambda task: remote.remote(task).future()),
            count=int(ray.cluster_resources()["CPU"]),
            lost=(WorkerCrashedError, OutOfMemoryError, NodeDiedError),
        )
    finally:
        ray.shutdown()


def _require_ray(work: Work) -> None:
    """Try the cluster in a process of its own: `ray.init` waits for ever without an answer."""
    host, port = work.address.rsplit(":", 1)
    try:
        socket.create_connection((host, int(port)), timeout=_CONNECT_SECONDS).close()
        subprocess.run(
            [sys.executable, "-c", "import sys, ray; ray.init(sys.argv[1])", work.address],
            check=True,
            capture_output=True,
            timeout=2 * _CONNECT_SECONDS,
        )
    except (OSError, OverflowError, subprocess.SubprocessError) as error:
        advice = "Start a cluster with 'ray start --head', which this machine must be part of"
        raise _no_answer(work, advice) from error


def _no_answer(work: Work, advice: str) -> UserError:
    name = work.backend.capitalize()
    return UserError(
        f"params.toml: no {name} cluster answers at work.address = {work.address!r}. {advice}; "
        'address = "" starts one on this machine.'
    )
