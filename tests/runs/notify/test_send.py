"""Messages to real commands, and to servers that answer, refuse, hang, redirect or drip."""

import json
import socket
import sys
import threading
import time
from pathlib import Path

import pytest

import engine.runs.notify.send as send
from engine.recipe.params import Notify
from engine.runs.notify.send import COMMAND, find_problem, post, run_command
from tests.web_hook import receiver

MESSAGE = json.dumps({"schema": 1, "sentence": "caf\u00e9"}).encode()


@pytest.fixture(autouse=True)
def _little_patience(monkeypatch):
    monkeypatch.setattr(send, "SECONDS", 1)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # what is here is asked directly


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_a_command_reads_the_message_in_the_project_s_folder(tmp_path):
    code = "import sys, pathlib; pathlib.Path('got').write_bytes(sys.stdin.buffer.read())"
    assert run_command(python(code), MESSAGE, tmp_path) is None
    assert (tmp_path / "got").read_bytes() == MESSAGE


def test_no_shell_reads_the_command(tmp_path):
    words = [sys.executable, "-c", "import sys; sys.exit(len(sys.argv))", "; touch x", "$(id)"]
    assert run_command(words, MESSAGE, tmp_path) == "the command ended with 3"
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("words", [["/nowhere/tell"], ["/"], ["a\0b"]])
def test_a_command_that_cannot_be_run_is_a_reason(tmp_path, words):
    assert (run_command(words, MESSAGE, tmp_path) or "").startswith("the command cannot be run (")


def test_a_command_that_does_not_read_or_prints_without_end_does_no_harm(tmp_path):
    big = b"x" * 1_000_000
    assert run_command(["true"], big, tmp_path) is None
    flood = python("import sys\nfor _ in range(200): sys.stdout.write('x' * 100_000)")
    assert run_command(flood, MESSAGE, tmp_path) is None


def test_a_command_that_hangs_is_killed_with_what_it_started(tmp_path):
    code = """
import pathlib, subprocess, time
child = subprocess.Popen(["sleep", "600"])
pathlib.Path("pid").write_text(str(child.pid))
time.sleep(600)
"""
    assert run_command(python(code), MESSAGE, tmp_path) == "the command did not end within 1 s"
    pid = int((tmp_path / "pid").read_text())
    while Path(f"/proc/{pid}/stat").exists() and _state(pid) != "Z":
        time.sleep(0.05)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_web_hook_gets_json():
    with receiver() as server:
        assert post(server.address, MESSAGE) is None
    assert server.messages == [{"schema": 1, "sentence": "caf\u00e9"}]
    assert server.types == ["application/json"]


def test_a_server_that_refuses_is_a_reason_without_its_address():
    with receiver(status=500) as server:
        assert post(server.address, MESSAGE) == "the web hook answered with status 500"
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = f"http://127.0.0.1:{gone.getsockname()[1]}/s3cret"
    said = post(address, MESSAGE)
    assert said == "the web hook cannot be reached (ConnectionRefusedError)"


def test_a_redirection_is_not_followed():
    with receiver() as elsewhere, receiver(status=307, location=elsewhere.address) as server:
        assert post(server.address, MESSAGE) == "the web hook answered with status 307"
    assert elsewhere.messages == []


@pytest.mark.parametrize("drips", [False, True], ids=["says nothing", "answers byte by byte"])
def test_a_server_that_hangs_is_given_up(drips):
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=hang, args=(server, drips), daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}/s3cret"
        assert post(address, MESSAGE) == "the web hook cannot be reached (TimeoutError)"


def hang(server: socket.socket, drips: bool) -> None:
    link, _ = server.accept()
    with link:
        for byte in b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200:
            time.sleep(0.2)
            try:
                link.sendall(bytes([byte]) if drips else b"")
            except OSError:
                return


@pytest.mark.parametrize(
    "address",
    ["http://example.org/x", "http://localhost/x", "http://127.0.0.1.example.org/", "ftp://h/x",
     "file:///etc/passwd", "https://", "", "https://[", "http://user@evil@127.0.0.2/"],
)  # fmt: skip
def test_only_https_and_this_machine_are_asked(address, monkeypatch):
    assert post(address, MESSAGE) == "the web hook's address is not https"
    monkeypatch.setenv("HOOK", address)
    problem = find_problem(Notify(web_hook_variable="HOOK"))
    assert problem == (
        "the environment variable HOOK must hold an address that begins with https:// "
        "(or http://127.0.0.1)"
    )


def test_what_can_never_be_sent_is_known_at_once(monkeypatch):
    monkeypatch.delenv("HOOK", raising=False)
    assert find_problem(Notify()) is None
    assert "HOOK is not set" in (find_problem(Notify(web_hook_variable="HOOK")) or "")
    monkeypatch.setenv(COMMAND, "tell-me x")
    assert "names 'tell-me', which is no program" in (find_problem(Notify()) or "")
    monkeypatch.setenv(COMMAND, "true 'x")
    assert "is not a command line" in (find_problem(Notify()) or "")
    monkeypatch.setenv(COMMAND, "true")
    monkeypatch.setenv("HOOK", "https://example.org/s3cret")
    assert find_problem(Notify(web_hook_variable="HOOK")) is None
