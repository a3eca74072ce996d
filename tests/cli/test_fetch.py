import os
import signal
import subprocess
import sys
import time

import click
import pytest

from tests.fetch.server import serving

FILES = {
    "config.json": b"{}",
    "vocab.json": b"{}",
    "mel_stats.pth": b"80 numbers",
    "dvae.pth": b"codes" * 1000,
    "model.pth": bytes(range(256)) * 2048,
}
HALF = len(FILES["model.pth"]) // 2


HUB = "coqui/XTTS-v2"


@pytest.fixture
def server():
    with serving(dict(FILES), HUB) as server:
        yield server


@pytest.fixture
def start(project, server):
    """Begin a fetch in a process of its own, which stands still once half a model has arrived."""

    def start():
        server.hold_after["model.pth"] = HALF
        process = from_hub(server.address)
        while not any(partial.stat().st_size for partial in partials(project)):
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.01)
        return process

    return start


def from_hub(endpoint, **environment):
    """A fetch in a process of its own from a mirror of the hub."""
    code = "from engine.cli import main; main(['fetch', 'xtts_v2', '--accept-licence'])"
    environment = {**os.environ, "HF_ENDPOINT": endpoint, **environment}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, "-c", code], env=environment, text=True, **pipes)


def partials(project):
    return list((project / "published/xtts_v2").glob("model.pth.*.partial"))


def put_in_place(project):
    return {name: (project / "published/xtts_v2" / name).read_bytes() for name in FILES}


def test_weights_are_put_into_the_project_and_their_licence_is_kept_beside_them(
    project, cantus, server
):
    answer = cantus("fetch", "xtts_v2", "--accept-licence", "--from", f"{server.address}/")
    assert answer.code == 0, answer.error
    assert "Coqui Public Model License" in answer.out
    assert "https://huggingface.co/coqui/XTTS-v2/blob/main/LICENSE.txt" in answer.out
    assert answer.out.count("trusted on first use") == len(FILES)
    assert put_in_place(project) == FILES
    assert "CPML" in (project / "published/xtts_v2/licence.toml").read_text()


def test_the_second_time_nothing_is_asked_or_downloaded(project, cantus, server):
    cantus("fetch", "xtts_v2", "--accept-licence", "--from", server.address)
    answer = cantus("fetch", "xtts_v2")
    assert answer.code == 0, answer.error
    assert answer.out.endswith("all 5 files are in place and unchanged.\n")
    assert "License" not in answer.out


@pytest.mark.parametrize("answered", [False, None])
def test_without_agreement_nothing_is_fetched(project, cantus, server, monkeypatch, answered):
    def confirm(*_, **__):
        if answered is None:  # the end of what could be read
            raise click.Abort
        return answered

    monkeypatch.setattr(click, "confirm", confirm)
    answer = cantus("fetch", "xtts_v2", "--from", server.address)
    assert answer.code == 2
    assert "Non-commercial use only" in answer.out
    assert "The licence of xtts_v2 was not accepted, and nothing was downloaded" in answer.error
    assert server.asked == server.looked_at == []
    assert not (project / "published").exists()


def test_who_agrees_when_asked_gets_the_files(project, cantus, server, monkeypatch):
    monkeypatch.setattr(click, "confirm", lambda *_, **__: True)
    assert cantus("fetch", "xtts_v2", "--from", server.address).code == 0
    assert put_in_place(project) == FILES


def test_a_folder_with_the_files_will_do(project, cantus, tmp_path):
    folder = tmp_path / "downloads"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    answer = cantus("fetch", "xtts_v2", "--accept-licence", "--from", "downloads")
    assert answer.code == 0, answer.error
    assert put_in_place(project) == FILES


def test_a_file_that_is_not_there_is_named(project, cantus, server):
    del server.files["dvae.pth"]
    answer = cantus("fetch", "xtts_v2", "--accept-licence", "--from", server.address)
    assert answer.code == 2
    assert f"{server.address}/dvae.pth answers 404" in answer.error


def test_a_name_that_is_not_in_the_catalogue_is_refused(project, cantus):
    answer = cantus("fetch", "xtts_v1")
    assert answer.code == 2
    assert "Did you mean 'xtts_v2'?" in answer.error


def test_a_fetch_that_is_killed_goes_on_where_it_was(project, cantus, server, start):
    process = start()
    process.kill()
    process.wait()
    server.hold_after.clear()
    server.asked.clear()
    _, said = from_hub(server.address).communicate(timeout=60)
    assert said == ""
    assert [name for name, _ in server.asked] == ["model.pth"]
    assert 0 < server.starts("model.pth")[0] <= HALF
    assert put_in_place(project) == FILES


def test_ctrl_c_keeps_what_has_arrived_and_says_so(project, server, start):
    process = start()
    os.kill(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Stopped: the same command continues the download." in said
    assert [partial.stat().st_size > 0 for partial in partials(project)] == [True]
    assert not (project / "published/xtts_v2/model.pth").exists()


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"HF_HUB_OFFLINE": "1"}, "config.json was not asked: HF_HUB_OFFLINE is set"),
        ({"HF_ENDPOINT": "http://127.0.0.1:9"}, "config.json cannot be read: "),
    ],
)
def test_a_hub_that_is_not_asked_or_not_there_is_one_sentence(project, server, environment, said):
    process = from_hub(server.address, **environment)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 2
    assert said in error
    assert "--from" in error
    assert error.count("\n") == 1
    assert server.paths == []


def test_two_at_once_do_not_fetch_the_same(project, server, start):
    process = start()
    _, error = from_hub(server.address).communicate(timeout=60)
    assert "Another process is fetching into" in error
    server.let_go.set()
    process.communicate(timeout=60)
    assert put_in_place(project) == FILES
