"""`cantus ui`, with the real Aim where it is served."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from engine.tracking.aim_state import MirrorState, run_key, write_state
from tests.run_folders import make_run, start


@pytest.fixture
def run(project):
    return make_run(project / "runs" / "audio_vae" / "a", [start("audio_vae")])


@pytest.fixture
def mirrored(project, run):
    """A run that Aim is said to hold already, so that nothing is mirrored."""
    state = MirrorState("ab12", "audio_vae", "rmse_db", 1.0, (run / "events.jsonl").stat().st_size)
    write_state(project, run_key(run), state)


def test_print_link_only_prints(mirrored, cantus):
    answer = cantus("ui", "--print-link", "--port", "5000")
    assert answer.out.startswith("http://127.0.0.1:5000/metrics?select=O-")
    assert len(answer.out.splitlines()) == 1


def test_a_port_that_is_taken_is_an_error(mirrored, cantus):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        answer = cantus("ui", "--port", str(port))
    assert answer.code == 2
    assert f"Port {port} is taken already" in answer.error


def test_without_a_run_it_says_to_train(project, cantus):
    answer = cantus("ui")
    assert answer.code == 2
    assert "Train something first: dvc repro" in answer.error


def test_help_has_an_example(cantus):
    assert "Examples:\n    cantus ui\n" in cantus("ui", "--help").out


@pytest.mark.slow
def test_aim_answers_on_this_machine_until_ctrl_c(project, mirrored):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    command = [sys.executable, "-m", "engine", "ui", "--port", str(port)]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command, cwd=project, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert any("/metrics?select=O-" in line for line in process.stdout)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/projects/") as answer:
        assert answer.status == 200
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
