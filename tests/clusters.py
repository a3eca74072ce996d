"""Clusters of several processes on this machine, at an address like any other."""

import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest


def _free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def dask_cluster():
    pytest.importorskip("distributed")
    import dask
    from distributed import LocalCluster

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
    ):
        yield cluster.scheduler_address


@contextmanager
def ray_cluster(folder):
    pytest.importorskip("ray")
    port = _free_port()
    ray = [sys.executable, "-m", "ray.scripts.scripts"]
    head = f"start --head --block --num-cpus=2 --include-dashboard=false --port={port}".split()
    environment = os.environ | {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": str(Path.cwd())}
    process = subprocess.Popen(
        [*ray, *head, f"--temp-dir={folder}"],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for_start(process)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _wait_for_start(process):
    """The port is open before the first node has joined; this line comes after."""
    for line in process.stdout:
        if "runtime started" in line:
            return
    raise AssertionError(f"ray start ended with {process.wait()}")
