"""Who is told of real runs, of which the messages never change, stop or fail anything."""

import json
import os
import shlex
import signal
import sys
import time

import psutil
import pytest

from engine.recipe.judgement import Guard
from engine.recipe.params import Notify
from engine.runs.notify.send import COMMAND
from engine.tracking.events import read_events
from tests.training.faults import result
from tests.training.train_toy import Slow, finish, start, wait_for_step
from tests.web_hook import receiver

HOOK = Notify(web_hook_variable="CANTUS_TEST_HOOK")
KEYS = {"schema", "kind", "recipe", "identity", "step", "ending", "verdict", "sentence"}


class Hook:
    """Sets the address in the process that trains."""

    def __init__(self, address: str) -> None:
        self.address = address

    def __call__(self) -> None:
        os.environ["CANTUS_TEST_HOOK"] = self.address


class Told:
    """Names the command in the process that trains."""

    def __init__(self, *words: str) -> None:
        self.command = shlex.join(words)

    def __call__(self) -> None:
        os.environ[COMMAND] = self.command


class Waiting(Slow):
    """Waits, when two epochs are done, until the test has seen enough."""

    def progress(self, progress):
        super().progress(progress)
        while progress.step == 12 and not (self.folder / "seen").exists():
            time.sleep(0.05)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    finish(folder)
    return result(folder)


def wait_for_messages(server, number: int) -> None:
    for _ in range(2400):
        if len(server.messages) >= number:
            return
        time.sleep(0.05)
    raise AssertionError(f"{len(server.messages)} messages came, not {number}")


def said(folder) -> list[str]:
    return (folder / "said").read_text().splitlines()


def warnings(folder) -> list[str]:
    (events,) = folder.glob("runs/toy/*/events.jsonl")
    return [e.facts["message"] for e in read_events(events) if e.kind == "warning"]


def test_the_end_of_a_run_is_told_and_its_address_stands_nowhere(undisturbed, tmp_path):
    with receiver() as server:
        finish(tmp_path, notify=HOOK, before=Hook(server.address))
    (message,) = server.messages
    assert message.keys() == KEYS
    (run,) = (tmp_path / "runs" / "toy").glob("*/run.json")
    told = {key: message[key] for key in ("schema", "kind", "recipe", "identity", "ending")}
    identity = run.parent.name
    assert told == {
        "schema": 1,
        "kind": "end",
        "recipe": "toy",
        "identity": identity,
        "ending": "finished",
    }
    assert message["sentence"].startswith("toy finished after ")
    assert result(tmp_path) == undisturbed
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if b"s3cret" in path.read_bytes()]


def test_a_guard_that_warns_is_told_of_once_and_one_that_stops_with_the_end(tmp_path):
    guard = Guard(below=-1.0, action="warn", because="it is <b>high</b>\u202e")
    guards = {"train/loss": (guard,)}
    with receiver() as server:
        finish(tmp_path, notify=HOOK, before=Hook(server.address), guard=guards)
    first, last = server.messages
    assert (first["kind"], first["ending"], first["verdict"]) == ("guard", None, None)
    assert first["sentence"].startswith("A guard of toy fired at step ")
    assert first["sentence"].endswith("because it is <b>high</b>\\u202e).")
    assert (last["kind"], last["ending"]) == ("end", "finished")


def test_of_guards_alone_no_end_is_told(tmp_path):
    with receiver() as server:
        notify = Notify(web_hook_variable="CANTUS_TEST_HOOK", at=("guard",))
        finish(tmp_path, notify=notify, before=Hook(server.address))
    assert server.messages == []


def test_a_run_that_is_killed_is_told_of_nevertheless(tmp_path):
    with receiver() as server:
        run = start(tmp_path, seconds=0.05, notify=HOOK, before=Hook(server.address))
        wait_for_step(tmp_path, 3)
        os.kill(run.pid, signal.SIGKILL)
        run.join()
        wait_for_messages(server, 1)
    (message,) = server.messages
    assert message["ending"] == "killed"
    assert "toy was killed after step" in message["sentence"]


def test_what_could_not_be_sent_is_one_warning_with_a_count(undisturbed, tmp_path):
    with receiver(status=503) as server:
        guards = {
            "train/loss": (Guard(below=-1.0, action="warn"),),
            "eval/error": (Guard(below=-1.0, action="warn"),),
        }
        hook = Hook(server.address)
        run = start(tmp_path, notify=HOOK, before=hook, guard=guards, watcher=Waiting)
        wait_for_messages(server, 2)
        (tmp_path / "seen").touch()
        run.join()
    assert run.exitcode == 0
    assert len(server.messages) == 3
    (event,) = [words for words in warnings(tmp_path) if "notification" in words]
    assert event == (
        "2 notifications could not be sent, the last because the web hook answered with status "
        "503 (params.toml: tracking.notify)"
    )
    (end,) = [words for words in said(tmp_path) if words.startswith("warning: 1 notification")]
    assert end.endswith("status 503 (params.toml: tracking.notify)")
    weights = [name for name in undisturbed if "weights" in name]
    assert [result(tmp_path)[name] for name in weights] == [undisturbed[name] for name in weights]


def test_a_hook_that_is_not_set_is_a_warning_at_the_beginning(undisturbed, tmp_path):
    finish(tmp_path, notify=Notify(web_hook_variable="CANTUS_TEST_NONE"))
    (event,) = [words for words in warnings(tmp_path) if "notifications cannot be sent" in words]
    assert "CANTUS_TEST_NONE is not set" in event
    assert result(tmp_path) == undisturbed


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("raise SystemExit(3)", "the command ended with 3"),
        ("import time; time.sleep(600)", "the command did not end within 5 s"),
    ],
    ids=["fails", "hangs"],
)
def test_a_command_that_fails_or_hangs_is_a_warning(undisturbed, tmp_path, code, expected):
    finish(tmp_path, before=Told(sys.executable, "-c", code))
    (words,) = [words for words in said(tmp_path) if "notification" in words]
    assert words == (
        f"warning: 1 notification could not be sent, the last because {expected} "
        "(params.toml: tracking.notify)"
    )
    assert result(tmp_path) == undisturbed


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL], ids=["stopped", "killed"])
def test_a_notifier_that_is_stopped_or_killed_is_a_warning(undisturbed, tmp_path, number):
    process = start(tmp_path, seconds=0.05, before=hurry)
    wait_for_step(tmp_path, 3)
    os.kill(notifier_of(process.pid), number)
    process.join()
    assert process.exitcode == 0
    assert [words for words in said(tmp_path) if "of the run's end could not be sent" in words]
    assert result(tmp_path) == undisturbed


def hurry():
    """Name a command, and let the run's end wait two seconds."""
    import engine.runs.run

    Told("true")()
    engine.runs.run._NOTIFY_SECONDS = 2.0


def notifier_of(pid: int) -> int:
    for _ in range(500):
        for child in psutil.Process(pid).children():
            if "engine.runs.notify.process" in child.cmdline():
                return child.pid
        time.sleep(0.01)
    raise AssertionError("there is no notifier")


def test_the_command_gets_the_same_message(tmp_path):
    code = "import sys, pathlib; pathlib.Path('got').write_bytes(sys.stdin.buffer.read())"
    finish(tmp_path, before=Told(sys.executable, "-c", code))
    assert json.loads((tmp_path / "got").read_text()).keys() == KEYS
