"""Runs under SLURM: warned, preempted, requeued, their nodes lost. A campaign by command.

CANTUS_SLURM=10 pytest -s tests/training/test_faults_slurm.py     # ten of each

It needs Debian's slurm-wlm, and root.
"""

import os
import random
import stat
import sys
import time
from collections import Counter

import pytest

from tests.training.faults import result
from tests.training.slurm import cluster, why_no_cluster
from tests.training.train_ranks import errors, finish_ranks
from tests.training.train_toy import wait_for_step

NUM = int(os.environ.get("CANTUS_SLURM", "0"))
NUM_STEPS = 30
pytestmark = [
    pytest.mark.skipif(not NUM, reason="a campaign: set CANTUS_SLURM"),
    pytest.mark.skipif(bool(why_no_cluster()), reason=why_no_cluster()),
]
SCRIPT = """\
#!/bin/bash
#SBATCH --nodes=2 --ntasks-per-node=1 --requeue --open-mode=append --output={folder}/job.log
export MASTER_ADDR=127.0.0.1 GLOO_SOCKET_IFNAME=lo OMP_NUM_THREADS=1
trap '' TERM USR1        # the warning is for srun's tasks, and this script awaits their end
srun {python} -m tests.training.train_ranks {folder} \\
    '{{"build": "toy", "log_every_steps": 2, "seconds": {seconds}}}'
code=$?
if [ $code -gt 128 ]; then scontrol requeue $SLURM_JOB_ID; fi
exit $code
"""
SECONDS = 0.1


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    with cluster(tmp_path_factory.mktemp("slurm") / "cluster") as one:
        yield one


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    finish_ranks(folder, log_every_steps=2)
    return result(folder)


@pytest.fixture(scope="module")
def counts():
    """How often a job was requeued; printed at the end (-s shows it)."""
    counted = Counter()
    yield counted
    print(f"\n{dict(counted)}")  # noqa: T201


def begin(slurm, folder, *options, seconds=SECONDS):
    """Submit a run whose steps take so long; its job."""
    script = folder / "job.sh"
    script.write_text(SCRIPT.format(folder=folder, python=sys.executable, seconds=seconds))
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return slurm.submit(script, *options)


def at_random(folder, seed):
    wait_for_step(folder, random.Random(seed).randrange(1, NUM_STEPS - 10))


def finish(slurm, job, folder, undisturbed, counts, kind):
    assert slurm.wait(job, "COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL") == (
        "COMPLETED"
    ), ((folder / "job.log").read_text(), errors(folder))
    restarts = int(slurm.fact(job, "Restarts"))
    assert restarts >= 1, "nothing was disturbed"
    counts[f"{kind}: jobs"] += 1
    counts[f"{kind}: restarts"] += restarts
    assert result(folder) == undisturbed
    assert "Traceback" not in (folder / "job.log").read_text()


@pytest.mark.parametrize("seed", range(NUM))
@pytest.mark.parametrize("number", ["USR1", "USR2", "TERM"])
def test_a_warned_job_saves_is_requeued_and_ends_as_an_undisturbed_run(
    slurm, undisturbed, counts, tmp_path, number, seed
):
    job = begin(slurm, tmp_path)
    at_random(tmp_path, seed)
    slurm.run("scancel", f"--signal={number}", job)
    finish(slurm, job, tmp_path, undisturbed, counts, number)


@pytest.mark.parametrize("seed", range(NUM))
def test_a_job_that_runs_out_of_time_is_warned_and_requeued(
    slurm, undisturbed, counts, tmp_path, seed
):
    job = begin(slurm, tmp_path, "--signal=USR1@60", "--time=2", seconds=2.5)
    slurm.wait(job, "RUNNING")
    finish(slurm, job, tmp_path, undisturbed, counts, "time")


@pytest.mark.parametrize("seed", range(NUM))
def test_a_preempted_job_goes_on_when_the_other_has_ended(
    slurm, undisturbed, counts, tmp_path, seed
):
    job = begin(slurm, tmp_path)
    at_random(tmp_path, seed)
    other = tmp_path / "other.sh"
    other.write_text("#!/bin/bash\nsleep 1\n")
    urgent = slurm.submit(
        other, "--partition=high", "--nodes=2", "--exclusive", "--output=/dev/null"
    )
    slurm.wait(urgent, "COMPLETED")
    finish(slurm, job, tmp_path, undisturbed, counts, "preempted")


@pytest.mark.parametrize("seed", range(NUM))
def test_a_job_that_is_requeued_at_any_time_ends_so_too(slurm, undisturbed, counts, tmp_path, seed):
    job = begin(slurm, tmp_path)
    at_random(tmp_path, seed)
    slurm.run("scontrol", "requeue", job)
    finish(slurm, job, tmp_path, undisturbed, counts, "requeued")


@pytest.mark.parametrize("seed", range(NUM))
def test_a_job_that_loses_a_node_ends_so_too(slurm, undisturbed, counts, tmp_path, seed):
    job = begin(slurm, tmp_path)
    at_random(tmp_path, seed)
    slurm.kill_node("n2")
    time.sleep(1)
    slurm.start_node("n2")
    finish(slurm, job, tmp_path, undisturbed, counts, "node lost")
