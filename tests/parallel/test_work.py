import os
import signal
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest

from engine.errors import UserError
from engine.parallel.work import run_over
from engine.recipe.params import Work
from tests.clusters import dask_cluster, ray_cluster


@pytest.fixture(scope="module", params=["cores", "dask", "ray"])
def work(request):
    """Two processes of each kind."""
    if request.param == "cores":
        yield Work(num_workers=2)
    elif request.param == "dask":
        with dask_cluster() as address:
            yield Work(backend="dask", address=address)
    else:
        with tempfile.TemporaryDirectory() as folder, ray_cluster(folder) as address:
            yield Work(backend="ray", address=address)


def place(item):
    time.sleep(0.02)
    return item, os.getpid(), os.environ.get("OMP_NUM_THREADS")


def refuse_five(item):
    if item == 5:
        raise UserError("five is bad")
    return item


def die_at_five(item):
    if item == 5:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def test_results_come_in_the_items_order_from_single_threaded_processes(work):
    results = list(run_over(place, range(30), work))
    assert [item for item, _, _ in results] == [*range(30)]
    assert os.getpid() not in {process for _, process, _ in results}
    assert len({process for _, process, _ in results}) == 2
    assert {threads for _, _, threads in results} == {"1"}


def test_items_are_taken_only_as_results_are(work):
    taken = []
    results = run_over(place, (taken.append(one) or one for one in range(1_000_000)), work)
    for number in range(3):
        assert next(results)[0] == number
        time.sleep(0.2)
        assert len(taken) <= 4 + number
    results.close()


def test_an_error_in_a_worker_reaches_the_caller_as_itself(work):
    results = run_over(refuse_five, range(20), work)
    assert [next(results) for _ in range(5)] == [*range(5)]
    with pytest.raises(UserError, match=r"^five is bad$"):
        next(results)


def test_a_killed_worker_is_an_error_that_says_what_to_do(work):
    with pytest.raises(UserError, match=r"A worker died .* lower work.num_workers in params.toml"):
        list(run_over(die_at_five, range(20), work))


def test_nothing_to_do_is_done(work):
    assert list(run_over(place, [], work)) == []


def test_progress_counts_results():
    seen = []
    list(run_over(refuse_five, range(3), Work(num_workers=1), progress=seen.append))
    assert seen == [1, 2, 3]


@pytest.mark.parametrize("backend", ["dask", "ray"])
def test_an_address_where_nothing_answers_is_an_error(backend, monkeypatch):
    if find_spec({"dask": "distributed", "ray": "ray"}[backend]) is None:
        pytest.skip("the extra is not installed")
    monkeypatch.setattr("engine.parallel.clusters._CONNECT_SECONDS", 2)
    nowhere = Work(backend=backend, address="127.0.0.1:1")
    with pytest.raises(UserError, match=r"no (Dask|Ray) cluster answers at work.address = '127"):
        next(run_over(refuse_five, [1], nowhere))


@pytest.mark.parametrize(("backend", "package"), [("dask", "distributed"), ("ray", "ray")])
def test_a_missing_package_names_the_extra(backend, package, monkeypatch):
    monkeypatch.setattr("engine.parallel.clusters.find_spec", lambda name: None)
    with pytest.raises(UserError, match=rf"'{package}'.* pip install 'cantus\[{backend}\]'"):
        next(run_over(refuse_five, [1], Work(backend=backend)))


INTERRUPTED = """
import os, time
from engine.recipe.params import Work
from engine.parallel.work import run_over

def work(item):
    time.sleep(0.01 if item < 2 else 600)
    return os.getpid()

if __name__ == "__main__":
    for process in run_over(work, range(9), Work(num_workers=2)):
        print(process, flush=True)
"""


def test_ctrl_c_stops_at_once_and_leaves_no_process(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(INTERRUPTED)
    engine = subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    )
    assert engine.stdout.readline()
    engine.stdout.readline()
    workers = psutil.Process(engine.pid).children(recursive=True)
    assert workers
    engine.send_signal(signal.SIGINT)
    _, said = engine.communicate(timeout=60)
    assert said.rstrip().endswith("KeyboardInterrupt")
    assert psutil.wait_procs(workers, timeout=20)[1] == []


def print_process_for_ever(item):
    sys.stdout.write(f"{os.getpid()}\n")
    sys.stdout.flush()
    time.sleep(600)


def test_workers_end_with_a_process_that_was_killed():
    code = (
        "from engine.recipe.params import Work; from engine.parallel.work import run_over; "
        "from tests.parallel.test_work import print_process_for_ever as f; "
        "list(run_over(f, range(2), Work(num_workers=2)))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    workers = [psutil.Process(int(process.stdout.readline())) for _ in range(2)]
    process.kill()
    process.wait()
    gone, alive = psutil.wait_procs(workers, timeout=30)
    for left in alive:
        left.kill()
    assert len(gone) == 2
