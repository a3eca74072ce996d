"""The pages of Aim and of Trackio as `cantus ui` opens them, in a real browser."""

import re
import signal
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from engine.tracking.events import Event
from tests.chromium import chromium, opened, picture
from tests.command_line import PARAMS
from tests.run_folders import make_run, make_wav, start
from tests.served import Server, port_of, process

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

HOSTILE = "<img src=x onerror=document.title='injected'>\u202e"
PLAY = "async sound => { sound.muted = true; await sound.play(); return sound.duration }"
SAMPLE = {"name": "yes/original", "kind": "audio", "path": "samples/yes.wav", "caption": HOSTILE}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A project of two phases with hostile names, and a newer run that is none of them."""
    chromium()
    home = tmp_path_factory.mktemp("project")
    (home / "recipes").mkdir()
    (home / "params.toml").write_text(PARAMS)
    make_run(home / "runs" / "phase1" / "a", events("phase1", 100.0, 0), "phase1")
    make_run(home / "runs" / "phase2" / "a", events("phase2", 200.0, 40), "phase2", parent="phase1")
    for name in ("phase1", "phase2"):
        make_wav(home / "models" / name / "samples" / "yes.wav")
    return home


def events(name: str, time: float, steps_before: int) -> list[Event]:
    warning = {"message": HOSTILE}
    points = [
        Event("eval", step, step / 10, {"eval/rmse_db": 9 - step / 9, "eval/kbps": 10.0}, time=time)
        for step in range(0, 41, 10)
    ]
    losses = [
        Event("train", step, step / 10, {"train/loss": 9 / step}, time=time)
        for step in range(1, 41)
    ]
    return [
        start(name, time=time, steps_before=steps_before),
        Event("warning", 0, facts=warning, time=time),
        *sorted([*points, *losses], key=lambda event: event.step),
        Event("sample", 40, 4.0, facts={"samples": [SAMPLE]}, time=time),
    ]


def test_aim_opens_phases_one_after_the_other_and_their_sounds(home):
    with process(["-m", "engine", "ui", "--port", "0"], home) as started:
        curves, sounds = links(started, 2)
        problems: list[str] = []
        with opened("about:blank", problems=problems) as page:
            visit(page, curves)
            page.get_by_text("total_steps").first.wait_for()
            page.get_by_text('"phase2 3f9c2a"').first.wait_for()
            assert {'"eval"', '"train"', '"phase1 3f9c2a"'} <= texts(page)
            assert "kbps" not in page.content()
            picture(page, "aim_curves")
            visit(page, sounds)
            page.get_by_text('run.name="phase2 3f9c2a"').wait_for()
            assert page.get_by_text('run.name="phase1 3f9c2a"').count() == 1
            page.get_by_text(HOSTILE[:20]).first.wait_for()
            assert page.title() != "injected"
            picture(page, "aim_sounds")
        end(started)


def test_trackio_opens_the_same_and_asks_no_other_machine(home):
    pytest.importorskip("trackio")
    with process(["-m", "engine", "ui", "--trackio", "--port", "0"], home) as started:
        (link,) = links(started, 1)
        with opened("about:blank") as page:
            visit(page, link)
            page.get_by_text("phase2 3f9c2a").nth(2).wait_for()  # below the first chart
            assert {"phase1 3f9c2a", "phase2 3f9c2a"} <= texts(page)
            chosen = page.eval_on_selector_all("input", "all => all.map(one => one.value)")
            assert "total_steps" in chosen
            page.get_by_text(f"warning: {HOSTILE[:20]}").first.wait_for()
            picture(page, "trackio_curves")
            visit(page, link.replace("/?", "/media?"))
            page.get_by_text(HOSTILE[:20]).first.wait_for()
            sound = page.locator("audio").first
            sound.wait_for(state="attached")
            assert sound.evaluate(PLAY) > 0.05
            assert page.title() != "injected"
            picture(page, "trackio_sounds")
        strangers_are_refused(Server(port_of(started.pid), urlsplit(link).path.rstrip("/")))
        end(started)


def strangers_are_refused(server: Server) -> None:
    foreign = {"Origin": "http://evil.example.org"}
    change = "/api/delete_run"
    refused = [
        server.ask("/"),
        server.ask(change, "POST"),
        server.ask(f"{server.base}{change}", "POST", Host="evil.example.org"),
        server.ask(f"{server.base}{change}", "POST", **foreign),
        server.ask(f"{server.base}{change}", "POST", Sec_Fetch_Site="cross-site"),
        server.ask("/file?path=/etc/passwd"),
    ]
    assert [answer.status for answer in refused] == [403] * len(refused)
    assert server.ask(f"{server.base}/file?path=/etc/passwd").status == 404
    assert server.ask(f"{server.base}/version").status == 200


def links(started, number: int) -> list[str]:
    """The links that are printed once pages can be had."""
    found: list[str] = []
    for line in started.stdout:
        found += re.findall(r"http://127\.0\.0\.1:\S+", line)
        if len(found) == number:
            return found
    raise AssertionError(f"no {number} links were printed")


def visit(page: "Page", link: str) -> None:
    """Open a page of some megabytes of scripts, on a machine that may be busy."""
    page.set_default_timeout(180_000)
    page.goto(link, wait_until="commit")


def texts(page: "Page") -> set[str]:
    """What stands on the page, line by line."""
    return {line.strip() for line in page.locator("body").inner_text().splitlines()}


def end(started) -> None:
    started.send_signal(signal.SIGINT)
    assert started.wait(60) == 0
