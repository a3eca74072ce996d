"""A SLURM cluster of two nodes on this machine: Debian's munged, slurmctld and two slurmd, as root.

Its files lie in a folder of their own, its ports are its own, and it ends with the test.
"""

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

_PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scontrol", "scancel", "squeue")
_CONFIGURATION = """\
ClusterName=cantus
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
AuthInfo=socket={folder}/munge.socket,cred_expire=5
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=bf_interval=1,sched_min_interval=100000
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=10
SlurmdTimeout=10
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=2
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=2
PartitionName=low Nodes=n[1-2] Default=YES PriorityTier=1 GraceTime=20
PartitionName=high Nodes=n[1-2] PriorityTier=10 PreemptMode=OFF
"""


@frozen
class Cluster:
    """A running cluster; its commands are those on PATH with its environment."""

    folder: Path
    environment: dict[str, str]

    def run(self, *command: str) -> str:
        """What a command of SLURM prints; raises CalledProcessError where it fails."""
        done = subprocess.run(
            command, env=self.environment, text=True, capture_output=True, check=True
        )
        return done.stdout.strip()

    def submit(self, script: Path, *options: str) -> str:
        """The number of a job whose script has been queued."""
        return self.run("sbatch", "--parsable", *options, str(script))

    def fact(self, job: str, name: str) -> str:
        """A fact on a job, such as JobState or Restarts."""
        words = self.run("scontrol", "show", "job", job).split()
        return dict(word.partition("=")[::2] for word in words)[name]

    def wait(self, job: str, *states: str, seconds: float = 180) -> str:
        """The state of a job, once it is one of `states`. Raises AssertionError after `seconds`."""
        until = time.monotonic() + seconds
        while (state := self.fact(job, "JobState")) not in states:
            assert time.monotonic() < until, f"job {job} is still {state}, not {states}"
            time.sleep(0.2)
        return state

    def start_node(self, name: str) -> None:
        self.run("slurmd", "-N", name)

    def kill_node(self, name: str) -> None:
        """SIGKILL to a node's daemon and all that it has started, as where its machine is lost."""
        import psutil

        daemon = psutil.Process(int((self.folder / f"slurmd-{name}.pid").read_text()))
        steps = [one for one in psutil.process_iter(["environ"]) if _is_of(one, name)]
        for process in (daemon, *steps):
            process.kill()


def _is_of(process: "object", name: str) -> bool:
    """Whether a process belongs to a job's step on this node."""
    return (process.info["environ"] or {}).get("SLURMD_NODENAME") == name  # type: ignore[attr-defined]


def why_no_cluster() -> str:
    """Why a cluster cannot be started here; empty where it can."""
    if os.geteuid():
        return "a SLURM cluster needs root"
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    return f"not installed: {', '.join(missing)} (Debian's slurm-wlm)" if missing else ""


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Inside, a cluster of two nodes runs."""
    (folder / "state").mkdir(parents=True)
    (folder / "munge.key").write_bytes(secrets.token_bytes(128))
    (folder / "munge.key").chmod(0o600)
    configuration = folder / "slurm.conf"
    host = socket.gethostname()
    configuration.write_text(_CONFIGURATION.format(folder=folder, host=host, ports=_ports(3)))
    one = Cluster(folder, os.environ | {"SLURM_CONF": str(configuration)})
    try:
        one.run("munged", "--force", *(f"--{n}={folder}/munge.{e}" for n, e in _MUNGE_FILES))
        one.run("slurmctld")
        for name in ("n1", "n2"):
            one.start_node(name)
        _wait_until_idle(one)
        yield one
    finally:
        for file in folder.glob("*.pid"):
            _end(int(file.read_text()))


_MUNGE_FILES = [
    ("key-file", "key"),
    ("socket", "socket"),
    ("pid-file", "pid"),
    ("log-file", "log"),
    ("seed-file", "seed"),
]


def _wait_until_idle(one: Cluster) -> None:
    for _ in range(300):
        states = subprocess.run(
            ("sinfo", "-hN", "-o", "%t"), env=one.environment, text=True, capture_output=True
        )
        if set(states.stdout.split()) == {"idle"}:
            return
        time.sleep(0.1)
    raise AssertionError((one.folder / "slurmctld.log").read_text()[-2000:])


def _end(process: int) -> None:
    import signal
    from contextlib import suppress

    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGTERM)


def _ports(number: int) -> list[int]:
    sockets = [socket.socket() for _ in range(number)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
