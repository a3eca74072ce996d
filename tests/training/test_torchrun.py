"""Runs whose processes torchrun starts: two agents, as on two machines, on the loopback.

One agent is lost in CI; CANTUS_KILLS=20 makes it 20.
"""

import json
import os
import random
import signal
import subprocess
import sys

import pytest

from tests.training.faults import num_kills, result
from tests.training.train_ranks import (
    children,
    errors,
    finish_ranks,
    free_port,
    is_alive,
    last_stop,
)
from tests.training.train_toy import wait_for_step

SETTINGS = {"log_every_steps": 2}
NUM_STEPS = 30
NUM_KILLS = num_kills(1)
USR_SIGNALS = "--signals-to-handle=SIGTERM,SIGINT,SIGHUP,SIGQUIT,SIGUSR1,SIGUSR2"


class Agents:
    """Two torchrun agents that start one process each and find each other at a port."""

    def __init__(self, folder, *options, seconds=0.0):
        (folder / "step").unlink(missing_ok=True)
        port = free_port()
        self.agents = [_agent(folder, port, node, options, seconds) for node in range(2)]

    def wait(self):
        """The exit codes, once both agents and all that they started have ended."""
        return [agent.wait(timeout=120) for agent in self.agents]

    def lose(self, node):
        """Kill an agent and all that it has started, as where its machine is lost."""
        for number in [self.agents[node].pid, *children(self.agents[node])]:
            if is_alive(number):
                os.kill(number, signal.SIGKILL)


def _agent(folder, port, node, options, seconds):
    settings = SETTINGS | {"build": "toy", "seconds": seconds}
    command = [
        *(sys.executable, "-m", "torch.distributed.run", "--nnodes=2", "--nproc-per-node=1"),
        *("--rdzv-backend=c10d", f"--rdzv-endpoint=127.0.0.1:{port}", "--rdzv-id=toy"),
        *("--local-addr=127.0.0.1", *options, "--module", "tests.training.train_ranks"),
        *(str(folder), json.dumps(settings)),
    ]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    with (folder / f"agent_{node}.log").open("a") as said:
        return subprocess.Popen(command, env=environment, stdout=said, stderr=said)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    finish_ranks(folder, **SETTINGS)
    return result(folder)


@pytest.mark.parametrize("seed", range(NUM_KILLS))
def test_a_run_whose_agent_is_lost_at_a_random_step_resumes_to_the_same_bytes(
    undisturbed, tmp_path, seed
):
    chance = random.Random(seed)
    agents = Agents(tmp_path, seconds=0.02)
    wait_for_step(tmp_path, chance.randrange(1, NUM_STEPS - 2))
    lost = (seed + chance.randrange(2)) % 2
    agents.lose(lost)
    codes = agents.wait()
    assert codes[lost] == -signal.SIGKILL
    assert codes[1 - lost] not in (0, -signal.SIGKILL), "the other agent ends by itself"
    assert Agents(tmp_path).wait() == [0, 0], errors(tmp_path)
    assert result(tmp_path) == undisturbed


def test_usr1_to_the_agents_saves_and_the_run_resumes_to_the_same_bytes(undisturbed, tmp_path):
    agents = Agents(tmp_path, USR_SIGNALS, seconds=0.05)
    wait_for_step(tmp_path, 7)
    for agent in agents.agents:
        agent.send_signal(signal.SIGUSR1)
    assert min(agents.wait()) > 0, "none says that the run is finished"
    assert last_stop(tmp_path) == "interrupted"
    assert Agents(tmp_path).wait() == [0, 0], errors(tmp_path)
    assert result(tmp_path) == undisturbed
