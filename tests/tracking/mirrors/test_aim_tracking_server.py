"""A real tracking server, as other machines have it: there, hanging, and gone."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import psutil
import pytest

import engine.tracking.mirrors.beside
from engine.project import Project
from engine.recipe.params import Tracking
from engine.tracking.events import Event
from engine.tracking.mirrors.aim_writer import open_repo
from engine.tracking.mirrors.beside import sync_all
from engine.tracking.mirrors.place import mirror_place, repository_in
from engine.tracking.mirrors.state import is_behind, read_states
from tests.run_folders import add_events, make_run, start

pytestmark = pytest.mark.slow


def train(step: int) -> Event:
    return Event("train", step, step / 10, {"train/loss": 1 / step})


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server's address, its processes, and the folder that it writes to."""
    folder = tmp_path_factory.mktemp("server")
    open_repo(repository_in(folder))
    with socket.create_server(("127.0.0.1", 0)) as one:
        port = one.getsockname()[1]
    command = ["aim", "server", "--repo", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    aim = [sys.executable, "-c", "from aim.cli.cli import cli_entry_point; cli_entry_point()"]
    process = subprocess.Popen(
        [*aim, *command[1:], "--yes"], start_new_session=True, stdout=subprocess.DEVNULL
    )
    try:
        wait_until_it_answers(port)
        yield f"aim://127.0.0.1:{port}", psutil.Process(process.pid), folder
    finally:
        for number in (signal.SIGCONT, signal.SIGKILL):
            os.killpg(process.pid, number)
        process.wait()


def wait_until_it_answers(port: int) -> None:
    while True:
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/status/").close()
        except OSError:
            time.sleep(0.1)


def tell(server: psutil.Process, number: int) -> None:
    for one in (server, *server.children(recursive=True)):
        one.send_signal(number)


def test_a_server_that_hangs_is_left_and_caught_up_with(server, tmp_path, monkeypatch):
    address, process, folder = server
    project = Project(tmp_path)
    repo = mirror_place("aim", project, Tracking(aim_repository=address))
    run = make_run(project.runs("audio_vae") / "a", [start("audio_vae"), train(1)])
    assert sync_all(project, repo) is None
    (held,) = read_states(repo)
    assert [path.name for path in (folder / ".aim/meta/chunks").iterdir()] == [held.run_hash]

    add_events(run, map(train, range(2, 20)))
    tell(process, signal.SIGSTOP)
    monkeypatch.setattr(engine.tracking.mirrors.beside, "_SILENCE_SECONDS", 4.0)
    warning = sync_all(project, repo) or ""
    assert f"{address} made no progress for 4 s. The run itself is complete" in warning
    assert is_behind(repo, run)

    tell(process, signal.SIGCONT)
    monkeypatch.undo()
    assert sync_all(project, repo) is None
    assert not is_behind(repo, run)
    (again,) = read_states(repo)
    assert again.run_hash == held.run_hash
    assert not (tmp_path / ".aim" / "VERSION").exists()


def test_a_server_that_is_away_is_a_sentence(tmp_path):
    project = Project(tmp_path)
    make_run(project.runs("audio_vae") / "a", [start("audio_vae")])
    repo = mirror_place("aim", project, Tracking(aim_repository="aim://127.0.0.1:9"))
    said = sync_all(project, repo) or ""
    assert "Failed to connect to Aim Server" in said
